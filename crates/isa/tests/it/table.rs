//! The table against a list of facts taken independently from the paper's text.

use jambox_isa::{Instruction, InstructionSet, Opcode, Revision, Window};

const FACTS: &str = include_str!("../../../../testdata/isa/opcodes.csv");

struct Fact {
    octets: [Option<u8>; 2],
    name: &'static str,
    format: &'static str,
    is_terminator: bool,
}

fn facts() -> Vec<Fact> {
    let octet = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
    let fact = |line: &'static str| {
        let cells: Vec<&str> = line.split(',').collect();
        let [old, new, name, format, terminator] = cells[..] else { panic!("{line}") };
        let octets = [octet(old), octet(new)];
        Fact { octets, name, format, is_terminator: terminator == "yes" }
    };
    FACTS.lines().skip(1).map(fact).collect()
}

/// The facts' name of a format: `reg_reg_imm` for `RegRegImm`.
fn snake_case(variant: &str) -> String {
    let mut name = String::new();
    for letter in variant.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

#[test]
fn every_row_is_as_the_paper_says() {
    let facts = facts();
    assert_eq!(facts.len(), 140);
    assert_eq!(facts.len(), Opcode::COUNT);
    for fact in &facts {
        let opcode = Opcode::from_mnemonic(fact.name).expect(fact.name);
        assert_eq!(opcode.mnemonic(), fact.name);
        let octets = Revision::ALL.map(|revision| opcode.octet(revision));
        assert_eq!(octets, fact.octets, "{}", fact.name);
        let format = snake_case(&format!("{:?}", opcode.format()));
        assert_eq!(format.replace("no_operands", "none"), fact.format, "{}", fact.name);
        assert_eq!(opcode.is_terminator(), fact.is_terminator, "{}", fact.name);
    }
}

#[test]
fn every_octet_means_what_the_facts_say() {
    let facts = facts();
    for (index, revision) in Revision::ALL.into_iter().enumerate() {
        let set = InstructionSet::of(revision);
        assert_eq!(set.revision(), revision);
        for octet in 0..=u8::MAX {
            let fact = facts.iter().find(|fact| fact.octets[index] == Some(octet));
            assert_eq!(set.opcode(octet).map(Opcode::mnemonic), fact.map(|fact| fact.name));
            assert_eq!(set.is_terminator(octet), fact.is_some_and(|fact| fact.is_terminator));
            let decoded = Instruction::decode(set, Window::new(set, &[octet], 0, 0)).opcode();
            assert_eq!(decoded.mnemonic(), fact.map_or("trap", |fact| fact.name));
        }
        assert_eq!(set.iter().count(), 139);
    }
}

#[test]
fn rows_are_in_order_and_documented() {
    assert!(Opcode::ALL.is_sorted());
    for revision in Revision::ALL {
        assert!(InstructionSet::of(revision).iter().is_sorted_by_key(|row| row.octet(revision)));
    }
    for opcode in Opcode::ALL {
        assert!(opcode.doc().ends_with('.'), "{opcode:?}");
        assert_eq!(opcode.doc(), opcode.doc().trim());
    }
}

#[test]
fn revisions_have_names() {
    for revision in Revision::ALL {
        assert_eq!(revision.to_string().parse(), Ok(revision));
    }
    assert_eq!(Revision::default().to_string(), "gray-paper-0.8.0");
    assert!("gray-paper".parse::<Revision>().is_err());
}
