//! The 16 KL3M metrics and their score.
//!
//! The score is an *anomaly* score: 0 is best, and KL3M keeps a document at 10.0 or less. Each
//! metric has a range, the 2nd to 98th percentile of the texts of US Code and CFR; outside of it
//! it adds its weight times the relative distance to the nearer end. The terms have no upper
//! bound, so on ordinary prose line and paragraph length decide: the same text scores higher the
//! fewer line breaks it has (see the test on re-wrapped paragraphs).
//!
//! Departs from the original:
//!
//! - It decodes token ids and reads that text; this reads the text as it was given. Its own
//!   tokenizer normalises to NFKC and its decoding leaves special tokens out.
//! - An infinite `ratio_alpha_to_numeric` (no digits) is null; neither adds to the score.
//! - Under another tokenizer than KL3M's own, the two metrics that name token ids are null and
//!   left out of the score. Ranges of the other token metrics were fitted with KL3M's tokenizer.
//! - Entropies are summed by count, not by order of appearance: equal to about 1e-12.

mod characters;
mod entropy;
mod tokens;
mod windows;

use super::{Asked, Family, Scratch, SignalSpec};
use crate::text::{Doc, Needs};
use characters::{CharTally, Characters};
use tokens::{TokenTally, Tokens};
use windows::count_windows;

/// The family.
pub static FAMILY: Family = Family {
    name: "kl3m",
    prefix: "kl3m.",
    source: "alea-institute/kl3m-data 9574e1b, kl3m_data/metrics/quality_metrics.py",
    signals: &SPECS,
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
    characters: CharTally,
    tokens: TokenTally,
}

/// A metric and its part in the score.
struct Metric {
    spec: SignalSpec,
    weight: f64,
    low: f64,
    high: f64,
}

const fn metric(
    name: &'static str,
    weight: f64,
    (low, high): (f64, f64),
    definition: &'static str,
    range: &'static str,
) -> Metric {
    Metric {
        spec: SignalSpec {
            name,
            definition,
            range,
        },
        weight,
        low,
        high,
    }
}

const SHARE: &str = "0 to 1; 0 for an empty text";
const BITS: &str = "0 bits or more; 0 for an empty text";
const OWN_IDS: &str = "0 to 1; null unless the tokenizer is kl3m-004-128k-cased";

/// The metrics in the order in which their terms are summed. Weights and ranges are the source's.
#[rustfmt::skip]
const METRICS: [Metric; 16] = [
    metric("ratio_whitespace", 1.0, (0.121_212, 0.193_813),
        "White-space characters (str.isspace) over all characters.", SHARE),
    metric("average_line_length", 1.0, (17.5, 245.0),
        "Characters over the number of line feeds plus one.", "0 or more; 0 for an empty text"),
    metric("average_paragraph_length", 1.0, (35.0, 849.0),
        "Characters over the number of full stops followed by LF LF or CR LF, plus one.",
        "0 or more; 0 for an empty text"),
    metric("ratio_alphanumeric", 1.0, (0.594_595, 0.822_884),
        "Letters and numbers (str.isalnum) over all characters.", SHARE),
    metric("ratio_alpha_to_numeric", 0.1, (1.829_268, 265.1),
        "Letters (str.isalpha) over digits (str.isdigit).", "0 or more; null without digits"),
    metric("ratio_non_ascii", 2.0, (0.0, 0.034_483),
        "Characters above U+007F over all characters.", SHARE),
    metric("ratio_capital", 1.0, (0.008_368, 0.224_638),
        "Upper-case letters over letters.", "0 to 1; 0 without letters"),
    metric("ratio_punctuation", 1.0, (0.021_601, 0.210_867),
        "ASCII punctuation (string.punctuation) over all characters.", SHARE),
    metric("average_word_length", 1.5, (4.498_695, 7.285_714),
        "Mean length in characters of the words of str.split().", "0 or more; 0 without words"),
    metric("type_token_ratio", 1.5, (0.387_879, 0.66055),
        "Distinct tokens over tokens.", "0 to 1; 0 without tokens"),
    metric("token_entropy", 0.5, (3.38158, 7.855_401),
        "Entropy of the distribution of tokens.", BITS),
    metric("char_entropy", 0.5, (4.066_784, 5.017_473),
        "Entropy of the distribution of characters.", BITS),
    metric("max_token_frequency_ratio", 1.0, (0.04028, 0.153_846),
        "Count of the commonest token over tokens.", "0 to 1; 0 without tokens"),
    metric("repetition_rate", 1.5, (0.33945, 0.612_121),
        "One minus type_token_ratio, so this is counted twice.", "0 to 1; 0 without tokens"),
    metric("ratio_format_tokens", 12.5, (0.0, 0.0),
        "Tokens with one of twelve ids that stand for layout, over tokens.", OWN_IDS),
    metric("ratio_nospace_bigrams", 3.0, (0.0, 0.0),
        "Tokens with one of three ids that stand for words run together, over tokens.", OWN_IDS),
];

const SCORE: SignalSpec = SignalSpec {
    name: "score",
    definition: "Sum over the metrics of weight times relative distance to the expected range.",
    range: "0 (best) or more; never null",
};

const ADJUSTED_SCORE: SignalSpec = SignalSpec {
    name: "adjusted_score",
    definition: "The score over the number of tokens, or over one where there is none.",
    range: "0 (best) or more; never null",
};

const SPECS: [SignalSpec; 18] = {
    let mut specs = [SCORE; 18];
    let mut i = 0;
    while i < METRICS.len() {
        specs[i] = METRICS[i].spec;
        i += 1;
    }
    specs[17] = ADJUSTED_SCORE;
    specs
};

/// Every metric's column, weight and range (lowest and highest value without a term), in order.
pub fn ranges() -> impl Iterator<Item = (String, f64, f64, f64)> {
    METRICS
        .iter()
        .map(|m| (FAMILY.column(&m.spec), m.weight, m.low, m.high))
}

/// Ids of `ratio_format_tokens` in kl3m-004-128k-cased.
pub(crate) const FORMAT_TOKENS: &[u32] = &[
    395, 477, 1819, 2098, 12125, 19220, 25937, 67199, 126_985, 126_997, 127_022, 127_034,
];

/// Ids of `ratio_nospace_bigrams` in kl3m-004-128k-cased.
pub(crate) const NOSPACE_BIGRAMS: &[u32] = &[35464, 67042, 108_832];

fn compute(doc: &Doc<'_>, scratch: &mut Scratch, out: &mut [f64]) {
    let buffers = &mut scratch.kl3m;
    let characters = buffers.characters.count(doc.text);
    let (tokens, named) = buffers
        .tokens
        .count(doc.tokens, [FORMAT_TOKENS, NOSPACE_BIGRAMS]);
    fill_characters(&characters, count_paragraphs(doc.text.as_bytes()), out);
    fill_tokens(&tokens, named, doc.is_kl3m_tokenizer, out);
    let score = METRICS
        .iter()
        .zip(&*out)
        .map(|(metric, value)| metric.penalty(*value))
        .sum();
    out[16] = score;
    out[17] = score / tokens.total.max(1) as f64;
}

fn fill_characters(c: &Characters, n_paragraphs: usize, out: &mut [f64]) {
    out[0] = over(c.spaces, c.total);
    out[1] = over(c.total, c.newlines + 1);
    out[2] = over(c.total, n_paragraphs);
    out[3] = over(c.alnum, c.total);
    out[4] = if c.digits == 0 {
        f64::NAN
    } else {
        over(c.alpha, c.digits)
    };
    out[5] = over(c.non_ascii, c.total);
    out[6] = over(c.capitals, c.alpha);
    out[7] = over(c.punctuation, c.total);
    // White space separates words and is in none.
    out[8] = over(c.total - c.spaces, c.words);
    out[11] = c.entropy;
}

fn fill_tokens(tokens: &Tokens, named: [usize; 2], is_kl3m_tokenizer: bool, out: &mut [f64]) {
    out[9] = over(tokens.unique, tokens.total);
    out[10] = tokens.entropy;
    out[12] = over(tokens.highest, tokens.total);
    out[13] = if tokens.total == 0 { 0.0 } else { 1.0 - out[9] };
    for (value, n) in out[14..16].iter_mut().zip(named) {
        *value = if is_kl3m_tokenizer {
            over(n, tokens.total)
        } else {
            f64::NAN
        };
    }
}

/// `part / whole`, and 0 where the original says 0: where there is nothing to divide by.
fn over(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// Full stops followed by LF LF or CR LF, plus one.
fn count_paragraphs(bytes: &[u8]) -> usize {
    let is_end = |window: &[u8]| {
        let is_stop = window[0] == b'.';
        let is_line_end = matches!(window[1], b'\n' | b'\r');
        let is_newline = window[2] == b'\n';
        is_stop & is_line_end & is_newline
    };
    count_windows::<3>(bytes, is_end) + 1
}

/// Keeps a division by a bound of zero finite, and is the tolerance around a range of one value.
const EPSILON: f64 = 1e-8;

impl Metric {
    /// The metric's term of the score; nothing where its value is null.
    fn penalty(&self, value: f64) -> f64 {
        let (low, high) = (self.low, self.high);
        let distance = if value.is_nan() {
            0.0
        } else if high - low == 0.0 {
            let distance = (value - low).abs();
            if distance > EPSILON { distance } else { 0.0 }
        } else if value < low {
            return self.weight * (low - value) / (low.abs() + EPSILON);
        } else if value > high {
            return self.weight * (value - high) / (high.abs() + EPSILON);
        } else {
            0.0
        };
        self.weight * distance
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::line_table::Lines;
    use crate::tokens::{TokenScratch, Tokenizer};

    fn metrics(text: &str, tokens: &[u32], is_kl3m_tokenizer: bool) -> [f64; 18] {
        let doc = Doc {
            text,
            n_chars: text.chars().count(),
            lines: Lines::default(),
            words: &[],
            split_words: &[],
            uax29_words: &[],
            tokens,
            is_kl3m_tokenizer,
        };
        let mut out = [f64::INFINITY; 18];
        compute(&doc, &mut Scratch::default(), &mut out);
        out
    }

    fn scored(text: &str) -> [f64; 18] {
        let mut tokens = Vec::new();
        let tokenizer = Tokenizer::embedded("cl100k_base").expect("it is embedded");
        tokenizer.encode(text, &mut TokenScratch::default(), &mut tokens);
        metrics(text, &tokens, false)
    }

    #[track_caller]
    fn assert_close(ours: f64, expected: f64) {
        assert!((ours - expected).abs() < 1e-9, "{ours} is not {expected}");
    }

    #[test]
    fn each_metric_by_hand() {
        // 26 characters: 4 spaces, a CR, 3 LF; 14 letters, 2 of them capital; 2 digits; 2 stops.
        let text = "Ab cd 12.\r\nEf gh é.\n\nijklm";
        let values = metrics(text, &[395, 7, 7, 35464], true);
        let expected = [
            8.0 / 26.0,
            26.0 / 4.0,
            26.0 / 3.0,
            16.0 / 26.0,
            14.0 / 2.0,
            1.0 / 26.0,
            2.0 / 14.0,
            2.0 / 26.0,
            18.0 / 7.0,
            3.0 / 4.0,
            1.5,
        ];
        for (value, expected) in values.into_iter().zip(expected) {
            assert_close(value, expected);
        }
        assert_eq!(values[12..16], [0.5, 0.25, 0.25, 0.25]);
    }

    #[test]
    fn an_empty_text_misses_every_lower_bound_above_zero() {
        let values = metrics("", &[], true);
        assert!(values[4].is_nan());
        for (i, value) in values[..16].iter().enumerate().filter(|(i, _)| *i != 4) {
            assert_eq!(value.to_bits(), 0, "metric {i}");
        }
        // Weights of all metrics but alpha_to_numeric, non_ascii and the two of token ids.
        assert!((values[16] - 12.5).abs() < 1e-5);
        assert_eq!(values[16].to_bits(), values[17].to_bits());
    }

    #[test]
    fn id_metrics_are_null_and_left_out_under_another_tokenizer() {
        let (own, other) = (
            metrics("a b", &[395, 35464], true),
            metrics("a b", &[395, 35464], false),
        );
        assert!(other[14].is_nan() && other[15].is_nan());
        assert_close(own[16] - other[16], 12.5 * 0.5 + 3.0 * 0.5);
        assert_close(own[17], own[16] / 2.0);
    }

    #[test]
    fn penalties_by_hand() {
        let metric = metric("m", 2.0, (1.0, 4.0), "", "");
        for (value, expected) in [
            (1.0, 0.0),
            (4.0, 0.0),
            (0.5, 1.0),
            (6.0, 1.0),
            (f64::NAN, 0.0),
        ] {
            assert!((metric.penalty(value) - expected).abs() < 1e-7, "{value}");
        }
        let zero = Metric {
            low: 0.0,
            high: 0.0,
            ..metric
        };
        assert_eq!(zero.penalty(1e-9).to_bits(), 0.0_f64.to_bits());
        assert_close(zero.penalty(0.25), 0.5);
    }

    #[test]
    fn paragraphs_end_at_a_stop_and_an_empty_line() {
        let cases = [
            ("", 1),
            ("a.\n\nb", 2),
            ("a.\r\nb", 2),
            ("a\n\nb.\nc", 1),
            ("\n\n.\n\n", 2),
        ];
        for (text, expected) in cases {
            assert_eq!(count_paragraphs(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn the_fewer_line_breaks_the_higher_the_score() {
        let paragraph = "The agency shall publish each rule in the register, and any person may \
            comment on it within 30 days. Section 12 of the Act applies to all such rules, except \
            where the President finds that an emergency exists and says so in writing.";
        let paragraphs: Vec<String> = (1..=100).map(|i| format!("({i}) {paragraph}")).collect();
        let [spaced, wrapped, flat] = ["\n\n", "\n", " "].map(|s| scored(&paragraphs.join(s))[16]);
        assert!(spaced < wrapped - 20.0, "{spaced} {wrapped}");
        assert!(wrapped < flat - 50.0, "{wrapped} {flat}");
    }

    #[test]
    fn more_of_a_defect_scores_worse() {
        // From where it is one: a few of them may bring a short text into the expected ranges.
        let clean = "The court held that the statute of 1974 applies to each of the parties. ";
        for defect in ["#", "\u{fffd}", "           ", "AAAA ", "0000000000"] {
            let scores =
                [50, 500, 5000].map(|n| scored(&(clean.repeat(4) + &defect.repeat(n)))[16]);
            assert!(scores.is_sorted(), "{defect:?}: {scores:?}");
        }
    }
}
