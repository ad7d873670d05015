//! How many emails and public IPv4 addresses a text has, as datatrove's `PIIFormatter` finds them.
//!
//! The original counts nothing; it replaces them ([`crate::edit::pii`]).

use super::{Asked, Family, Scratch, SignalSpec};
use crate::text::pii::{Kind, find};
use crate::text::{Doc, Needs};

/// The family.
pub static FAMILY: Family = Family {
    name: "datatrove.pii",
    prefix: "datatrove.pii.",
    source: "huggingface/datatrove 0.10.0, PIIFormatter",
    signals: &[
        SignalSpec {
            name: "n_emails",
            definition: "Email addresses that the edit datatrove.pii replaces.",
            range: "0 and more",
        },
        SignalSpec {
            name: "n_public_ipv4s",
            definition: "Public IPv4 addresses that the edit datatrove.pii replaces.",
            range: "0 and more",
        },
    ],
    needs: Needs::NONE,
    of_words: Asked::ALL,
    compute,
};

fn compute(doc: &Doc<'_>, _scratch: &mut Scratch, out: &mut [f64]) {
    let (mut emails, mut ipv4s) = (0, 0);
    for found in find(doc.text) {
        match found.kind {
            Kind::Email => emails += 1,
            Kind::PublicIpv4 => ipv4s += 1,
        }
    }
    out.copy_from_slice(&[f64::from(emails), f64::from(ipv4s)]);
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::FAMILY;

    #[test]
    fn each_kind_is_counted() {
        check(
            &FAMILY,
            "n_emails",
            &[("", 0.0), ("a@b.co 8.8.8.8 c@d.ef", 2.0)],
        );
        check(
            &FAMILY,
            "n_public_ipv4s",
            &[("a@b", 0.0), ("8.8.8.8 a@b.co 10.0.0.1", 1.0)],
        );
    }
}
