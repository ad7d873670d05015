//! Periodic tokens, as Dolma's tagger `tokenizer_repetitions_v2r2` finds them.
//!
//! A repetition is a part of the token ids that repeats with a period of 1 to 13 tokens, three
//! times or more. One that lies inside another is passed over, so that the number is that of the
//! longest repetition at a place: thirteen tokens said three times are 3, though twelve of them may
//! be equal.
//!
//! Two facts make one pass a period enough. Ids that equal the one a period before come in runs; a
//! run of m of them is a repetition from a period before it to its end, m / period + 1 times. And
//! the original's search over aligned rows finds a run of two periods wherever it lies, so that
//! alignment does not show.
//!
//! Not here: where the repetitions are.

use super::super::{Asked, Family, Scratch};
use super::spec;
use crate::text::{Doc, Needs};

const MAX_PERIOD: usize = 13;
/// Fewer times are no repetition.
const MIN_TIMES: usize = 3;

/// The family.
pub static FAMILY: Family = Family {
    name: "dolma.tokenizer_repetitions_v2r2",
    prefix: "dolma.tokenizer_repetitions_v2r2.",
    source: "allenai/dolma 669f534 (release 1.2.1), taggers/repetitions",
    signals: &[spec(
        "max_repeats",
        "How often the most frequent repetition of 1 to 13 tokens stands in a row, of repetitions that do not lie inside another.",
        "3 and more; 0 without a repetition",
    )],
    needs: Needs {
        token_ids: true,
        ..Needs::NONE
    },
    of_words: Asked::ALL,
    compute,
};

/// Reusable buffers.
#[derive(Default)]
pub struct Buffers {
    found: Vec<Repetition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Repetition {
    start: usize,
    end: usize,
    times: usize,
}

fn compute(doc: &Doc<'_>, scratch: &mut Scratch, out: &mut [f64]) {
    let found = &mut scratch.dolma.tokenizer_repetitions.found;
    find(doc.tokens, found);
    found.sort_unstable_by_key(|r| (r.start, usize::MAX - r.end, usize::MAX - r.times));
    let (mut end, mut most) = (0, 0);
    for repetition in found {
        if repetition.end > end {
            end = repetition.end;
            most = most.max(repetition.times);
        }
    }
    out[0] = most as f64;
}

/// All repetitions of every period.
fn find(ids: &[u32], found: &mut Vec<Repetition>) {
    found.clear();
    for period in 1..=MAX_PERIOD.min(ids.len() / MIN_TIMES) {
        let mut start = 0;
        let mut close = |start: usize, end: usize| {
            let times = (end - start) / period;
            if times >= MIN_TIMES {
                found.push(Repetition { start, end, times });
            }
        };
        for (at, (now, before)) in ids[period..].iter().zip(ids).enumerate() {
            if now != before {
                close(start, at + period);
                start = at + 1;
            }
        }
        close(start, ids.len());
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Scratch;
    use super::{Doc, FAMILY};
    use crate::text::line_table::Lines;

    fn max_repeats(ids: &[u32]) -> f64 {
        let doc = Doc {
            text: "",
            n_chars: 0,
            lines: Lines::default(),
            words: &[],
            split_words: &[],
            uax29_words: &[],
            tokens: ids,
            is_kl3m_tokenizer: false,
        };
        let mut out = [f64::NAN];
        (FAMILY.compute)(&doc, &mut Scratch::default(), &mut out);
        out[0]
    }

    #[test]
    fn repetitions_are_three_times_or_more_with_a_period_to_13() {
        let thirteen: Vec<u32> = (0..13).collect();
        let fourteen: Vec<u32> = (0..14).collect();
        let cases: &[(Vec<u32>, f64)] = &[
            (vec![], 0.0),
            (vec![1], 0.0),
            (vec![1, 1], 0.0),
            (vec![1, 1, 1], 3.0),
            (vec![7, 1, 1, 1, 1, 8], 4.0),
            (vec![1, 2, 1, 2, 1], 0.0),
            (vec![1, 2, 1, 2, 1, 2], 3.0),
            // The last is not whole and does not count.
            (vec![9, 1, 2, 1, 2, 1, 2, 1, 9], 3.0),
            (thirteen.repeat(3), 3.0),
            (fourteen.repeat(3), 0.0),
            (vec![5; 100], 100.0),
            // Two places: the larger.
            ([vec![1; 4], vec![2], vec![3; 6]].concat(), 6.0),
        ];
        for (ids, expected) in cases {
            assert!((max_repeats(ids) - expected).abs() < 1e-9, "{ids:?}");
        }
    }

    #[test]
    fn what_lies_inside_another_is_passed_over() {
        // Twelve equal ones and another, three times: the whole repeats 3 times, and the ones inside
        // it 12 times.
        let unit = [vec![1; 12], vec![2]].concat();
        assert!((max_repeats(&unit.repeat(3)) - 3.0).abs() < 1e-9);
        // Twice is no repetition, so the ones inside count.
        assert!((max_repeats(&unit.repeat(2)) - 12.0).abs() < 1e-9);
    }
}
