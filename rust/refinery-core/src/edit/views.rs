//! The views of a plan, and their texts for one document.

use super::{Edit, EditScratch};

/// A named chain of edits over the text as it was read.
#[derive(Clone, Default)]
pub struct View {
    /// Name, which columns that read it end in.
    pub name: String,
    /// The edits in order; none of them leaves the text as it is.
    pub edits: Vec<&'static Edit>,
    /// Whether its lengths in characters, bytes and tokens are columns.
    pub is_sized: bool,
    /// Whether its content hash is a column.
    pub is_hashed: bool,
}

/// The edits of all views as a tree: a view that begins like another one goes on from its text.
pub struct ViewTree {
    nodes: Vec<Node>,
    /// For each view the node that is its text, `None` where that is the text as read.
    ends: Vec<Option<usize>>,
}

struct Node {
    /// What the edit reads; a parent stands before its children, `None` is the text as read.
    parent: Option<usize>,
    edit: &'static Edit,
}

/// The texts of one document's views; buffers are reused.
#[derive(Default)]
pub struct ViewTexts {
    texts: Vec<String>,
    scratch: EditScratch,
}

impl ViewTree {
    /// The tree of `views`.
    pub fn new(views: &[View]) -> Self {
        let mut nodes: Vec<Node> = Vec::new();
        let mut end_of = |view: &View| {
            view.edits.iter().fold(None, |parent, &edit| {
                let is_same = |n: &Node| n.parent == parent && n.edit.name == edit.name;
                let found = nodes.iter().position(is_same).unwrap_or_else(|| {
                    nodes.push(Node { parent, edit });
                    nodes.len() - 1
                });
                Some(found)
            })
        };
        let ends = views.iter().map(&mut end_of).collect();
        Self { nodes, ends }
    }

    /// Makes the texts of all views of `text`.
    pub fn fill(&self, text: &str, views: &mut ViewTexts) {
        let ViewTexts { texts, scratch } = views;
        if texts.len() < self.nodes.len() {
            texts.resize_with(self.nodes.len(), String::new);
        }
        for (i, node) in self.nodes.iter().enumerate() {
            let (before, rest) = texts.split_at_mut(i);
            let out = &mut rest[0];
            out.clear();
            let source = node.parent.map_or(text, |parent| before[parent].as_str());
            (node.edit.apply)(source, scratch, out);
        }
    }

    /// The text of a view of the document that [`ViewTree::fill`] was last given.
    pub fn text<'a>(&self, view: usize, text: &'a str, views: &'a ViewTexts) -> &'a str {
        self.ends[view].map_or(text, |node| views.texts[node].as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::c4;

    fn view(edits: &[&'static Edit]) -> View {
        View {
            edits: edits.to_vec(),
            ..View::default()
        }
    }

    #[test]
    fn views_that_begin_alike_share_their_texts() {
        let views = [
            view(&[&c4::FINEWEB_EDIT]),
            view(&[&c4::FINEWEB_EDIT, &c4::EDIT]),
            view(&[&c4::EDIT]),
            view(&[]),
        ];
        let tree = ViewTree::new(&views);
        assert_eq!(tree.nodes.len(), 3);
        let mut texts = ViewTexts::default();
        for _ in 0..2 {
            let text = "No mark is here\nToo few.\nA mark is here.";
            tree.fill(text, &mut texts);
            let found: Vec<_> = (0..4).map(|i| tree.text(i, text, &texts)).collect();
            let fineweb = "No mark is here\nA mark is here.";
            assert_eq!(found, [fineweb, "A mark is here.", "A mark is here.", text]);
        }
    }
}
