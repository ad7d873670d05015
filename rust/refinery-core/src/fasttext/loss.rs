//! From the hidden vector to one probability a label, as the reference prints it.
//!
//! What it is not: calibrated, or a clean distribution. The reference takes logarithms of
//! `p + 1e-5` and their exponentials again, so its numbers are about 1e-5 too high and may exceed
//! 1; negative sampling and one-versus-all read the sigmoid from a table of 512 steps. We give
//! the same numbers, because published thresholds were set on them.

use super::load::LossKind;
use super::math::{exp, ln};
use super::matrix::Matrix;

/// What the reference adds before it takes a logarithm.
const EPSILON: f64 = 1e-5;
/// The sigmoid's table covers -8 to 8.
const SIGMOID_RANGE: f32 = 8.0;
const SIGMOID_STEPS: usize = 512;
/// The reference's count of a tree node that does not exist yet; counts must stay below.
const NO_COUNT: u64 = 1_000_000_000_000_000;

/// How probabilities are computed.
pub(super) enum Loss {
    Softmax,
    /// The table of the sigmoid.
    Sigmoid(Vec<f32>),
    Tree(Tree),
}

impl Loss {
    /// `Err` says what is wrong with the counts of the labels.
    pub(super) fn new(kind: LossKind, label_counts: &[u64]) -> Result<Self, &'static str> {
        Ok(match kind {
            LossKind::Softmax => Self::Softmax,
            LossKind::Sigmoid => Self::Sigmoid(sigmoid_table()),
            LossKind::Tree => Self::Tree(Tree::new(label_counts)?),
        })
    }

    /// Appends the probability of every label to `probabilities`, which must be empty.
    pub(super) fn probabilities(
        &self,
        output: &Matrix,
        hidden: &[f32],
        scores: &mut Vec<f32>,
        probabilities: &mut Vec<f32>,
    ) {
        match self {
            Self::Softmax => {
                output.products(hidden, probabilities);
                softmax(probabilities);
            }
            Self::Sigmoid(table) => {
                output.products(hidden, probabilities);
                for value in probabilities.iter_mut() {
                    *value = sigmoid(table, *value);
                }
            }
            Self::Tree(tree) => return tree.probabilities(output, hidden, scores, probabilities),
        }
        for value in probabilities {
            *value = (f64::from(*value) + EPSILON) as f32;
        }
    }
}

fn softmax(values: &mut [f32]) {
    let max = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0_f32;
    for value in values.iter_mut() {
        *value = exp32(*value - max);
        sum += *value;
    }
    for value in values {
        *value /= sum;
    }
}

fn exp32(x: f32) -> f32 {
    exp(f64::from(x)) as f32
}

fn sigmoid_table() -> Vec<f32> {
    (0..=SIGMOID_STEPS)
        .map(|i| {
            let x = (i * 16) as f32 / SIGMOID_STEPS as f32 - SIGMOID_RANGE;
            (1.0 / (1.0 + f64::from(exp32(-x)))) as f32
        })
        .collect()
}

fn sigmoid(table: &[f32], x: f32) -> f32 {
    if x < -SIGMOID_RANGE {
        return 0.0;
    }
    if x > SIGMOID_RANGE {
        return 1.0;
    }
    let step = (x + SIGMOID_RANGE) * SIGMOID_STEPS as f32 / SIGMOID_RANGE / 2.0;
    table[floor(step)]
}

/// The whole part of a number that is not negative.
#[expect(
    clippy::cast_sign_loss,
    reason = "the caller has excluded negative numbers"
)]
fn floor(x: f32) -> usize {
    x as usize
}

/// The Huffman tree of hierarchical softmax. Nodes are numbered leaves first, a parent always
/// after its children, the root last.
pub(super) struct Tree {
    n_labels: usize,
    /// Children of node `n_labels + i`: the first is taken with probability `1 - f`.
    children: Vec<[u32; 2]>,
}

impl Tree {
    fn new(counts: &[u64]) -> Result<Self, &'static str> {
        let total = counts
            .iter()
            .try_fold(0_u64, |sum, &count| sum.checked_add(count));
        if total.is_none_or(|total| total >= NO_COUNT) {
            return Err("the counts of the labels are too large for a tree");
        }
        let n_labels = counts.len();
        let mut counts = counts.to_vec();
        let mut children = Vec::with_capacity(n_labels.saturating_sub(1));
        // Leaves are taken from the back, where the reference's sorting puts the rarest, inner
        // nodes in the order in which they were made; at equal counts the inner node goes first.
        let (mut leaf, mut node) = (n_labels, n_labels);
        while counts.len() + 1 < 2 * n_labels {
            let mut take = || {
                let inner = counts.get(node).copied().unwrap_or(NO_COUNT);
                if leaf > 0 && counts[leaf - 1] < inner {
                    leaf -= 1;
                    leaf
                } else {
                    node += 1;
                    node - 1
                }
            };
            let pair = [take(), take()];
            children.push(pair.map(|i| i as u32));
            counts.push(counts[pair[0]] + counts[pair[1]]);
        }
        Ok(Self { n_labels, children })
    }

    /// The reference leaves out what it reaches with less than 1e-5; such labels get 0.
    fn probabilities(
        &self,
        output: &Matrix,
        hidden: &[f32],
        scores: &mut Vec<f32>,
        probabilities: &mut Vec<f32>,
    ) {
        let cut = log(0.0);
        scores.clear();
        scores.resize(self.n_labels + self.children.len(), f32::NEG_INFINITY);
        if let Some(root) = scores.last_mut() {
            *root = 0.0;
        }
        for (i, &[first, second]) in self.children.iter().enumerate().rev() {
            let score = scores[self.n_labels + i];
            if score >= cut {
                let f = (1.0 / f64::from(1.0 + exp32(-output.dot(i, hidden)))) as f32;
                scores[first as usize] = score + log((1.0 - f64::from(f)) as f32);
                scores[second as usize] = score + log(f);
            }
        }
        let leaves = &scores[..self.n_labels];
        probabilities.extend(
            leaves
                .iter()
                .map(|&s| if s >= cut { exp32(s) } else { 0.0 }),
        );
    }
}

fn log(x: f32) -> f32 {
    ln(f64::from(x) + EPSILON) as f32
}
