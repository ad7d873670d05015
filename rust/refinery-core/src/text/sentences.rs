//! Sentences of a line whose words are already split.
//!
//! spaCy's sentencizer works on tokens, and a line's tokens are those of its document: tokens never
//! cross white space, and every line mark is white space. So the sentences of a line are counted
//! from [`Doc::words`](super::Doc) without splitting the line again. For text that is not a slice
//! of the document [`SpacyWords::count_sentences`](super::spacy::SpacyWords) is the way.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use super::Word;
use super::punctuation::is_sentence_end;

/// Number of sentences of a stripped line of `text` whose words are `words`; at least 1.
///
/// A sentence ends at a token that is one end mark alone, and the next one begins at the first
/// token that is no punctuation. White space longer than a single space is a token, and no
/// punctuation.
pub fn count_in_words(text: &str, words: &[Word]) -> usize {
    let mut sentences = 1;
    let mut seen_end = false;
    let mut last_end = words.first().map_or(0, |w| w.end);
    for word in words {
        if seen_end && is_space_token(text, last_end, word.start) {
            sentences += 1;
            seen_end = false;
        }
        last_end = word.end;
        let token = word.text(text);
        if word.n_chars == 1 && token.chars().all(is_sentence_end) {
            seen_end = true;
        } else if seen_end && !is_punctuation(token) {
            sentences += 1;
            seen_end = false;
        }
    }
    sentences
}

/// Whether what stands between two words is a token of its own.
fn is_space_token(text: &str, from: u32, to: u32) -> bool {
    let gap = text
        .as_bytes()
        .get(from as usize..to as usize)
        .unwrap_or_default();
    !matches!(gap, b"" | b" ")
}

fn is_punctuation(token: &str) -> bool {
    token.chars().all(|c| {
        if c.is_ascii_alphanumeric() {
            return false;
        }
        c.general_category_group() == GeneralCategoryGroup::Punctuation
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words at the byte ranges that `|` cuts from `marked`, white space left out.
    fn count(marked: &str) -> usize {
        let (mut text, mut words) = (String::new(), Vec::new());
        for part in marked.split('|') {
            let start = text.len() as u32;
            text.push_str(part);
            if !part.trim().is_empty() {
                let n_chars = part.chars().count() as u32;
                words.push(Word {
                    start,
                    end: text.len() as u32,
                    n_chars,
                    hash: 0,
                });
            }
        }
        count_in_words(&text, &words)
    }

    #[test]
    fn sentences_are_those_of_the_sentencizer() {
        // Expected values: spacy.blank("en") with "sentencizer"; `|` stands between its tokens.
        let cases = [
            ("", 1),
            ("Hello", 1),
            ("Hello|.", 1),
            ("Hello|.|  |World", 2),
            ("a.|\t|b", 1),
            ("One|.| |Two|.| |Three", 3),
            ("wait|...| |what|?|!| |\"|Yes|.|\"| |he", 3),
            ("One|.|  |.|  |.", 3),
            ("他|。|“|”|好", 2),
        ];
        for (marked, expected) in cases {
            assert_eq!(count(marked), expected, "{marked:?}");
        }
    }
}
