//! Emails and public IPv4 addresses replaced, as datatrove's `PIIFormatter` replaces them.

use super::{Edit, EditScratch};
use crate::text::pii::{Kind, find};

/// The original's addresses, taken in turn.
const EMAILS: [&str; 2] = ["email@example.com", "firstname.lastname@example.org"];
const IPV4S: [&str; 6] = [
    "22.214.171.124",
    "126.96.36.199",
    "188.8.131.52",
    "184.108.40.206",
    "220.127.116.11",
    "18.104.22.168",
];

/// The edit.
///
/// Departs: the original goes on where the last document of its process ended, so what it writes
/// depends on how the corpus is cut among processes. Here each document begins with the first
/// address of either kind.
pub static EDIT: Edit = Edit {
    name: "datatrove.pii",
    definition: "The text with each email and public IPv4 address replaced by one that is nobody's, in turn, from the first in each document.",
    source: "huggingface/datatrove 0.10.0, PIIFormatter",
    apply,
};

fn apply(text: &str, _scratch: &mut EditScratch, out: &mut String) {
    let mut emails = EMAILS.iter().cycle();
    let mut ipv4s = IPV4S.iter().cycle();
    let mut at = 0;
    for found in find(text) {
        let replacement = match found.kind {
            Kind::Email => emails.next(),
            Kind::PublicIpv4 => ipv4s.next(),
        };
        out.push_str(&text[at..found.start]);
        // Never `None`: a cycle does not end.
        out.push_str(replacement.copied().unwrap_or_default());
        at = found.end;
    }
    out.push_str(&text[at..]);
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::EDIT;

    #[test]
    fn each_kind_is_replaced_in_turn_from_the_first() {
        let cases = [
            ("", ""),
            ("nothing here: 10.0.0.1, a@b", "nothing here: 10.0.0.1, a@b"),
            (
                "8.8.8.8 x@y.de 1.1.1.1 z@y.de, q@y.de",
                "22.214.171.124 email@example.com 126.96.36.199 firstname.lastname@example.org, email@example.com",
            ),
            (
                "2.0.0.1 2.0.0.2 2.0.0.3 2.0.0.4 2.0.0.5 2.0.0.6 2.0.0.7",
                "22.214.171.124 126.96.36.199 188.8.131.52 184.108.40.206 220.127.116.11 18.104.22.168 22.214.171.124",
            ),
        ];
        check(&EDIT, &cases);
    }
}
