//! `fault WHAT [VALUE] [for SECONDS] [count TRANSFERS] [prob PROBABILITY]`, and `fault off`.

use super::words::Words;
use crate::board::State;
use crate::errno::{EIO, EREMOTEIO, Errno};
use crate::fault::{Fault, Kind};

/// Switches a fault on, or all off.
pub fn switch(state: &mut State, words: &mut Words<'_>) -> Result<(), String> {
    let Some(kind) = kind(words)? else {
        state.faults.clear();
        return words.end();
    };
    let mut fault = Fault { kind, until: None, count: None, probability: 1.0 };
    while let Some(word) = words.next() {
        match word {
            "for" => fault.until = Some(state.now() + words.number("for")?),
            "count" => fault.count = Some(words.integer("count")?),
            "prob" => fault.probability = words.number("prob")?,
            unknown => return Err(format!("{unknown}: want for, count or prob")),
        }
    }
    state.faults.push(fault);
    Ok(())
}

/// Nothing for `off`.
fn kind(words: &mut Words<'_>) -> Result<Option<Kind>, String> {
    let name = words.next().ok_or("fault: which?")?;
    let mut milliseconds = |usual: f64| words.optional_number().unwrap_or(usual).max(0.0) as u64;
    Ok(Some(match name {
        "off" => return Ok(None),
        "nack" => Kind::Error(EREMOTEIO),
        "eio" => Kind::Error(EIO),
        "errno" => Kind::Error(words.integer::<u16>("errno").map(Errno::from)?),
        "timeout" => Kind::Timeout(milliseconds(1000.0)),
        "delay" => Kind::Delay(milliseconds(100.0)),
        "hang" => Kind::Hang,
        "garbage" => Kind::Garbage,
        "ones" => Kind::Fill(0xFF),
        "zeros" => Kind::Fill(0),
        "bitflip" => Kind::Flip(words.optional_number().unwrap_or(0.01)),
        unknown => return Err(format!("fault {unknown}: no such fault")),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::Board;

    fn switched(line: &str) -> Result<Vec<Fault>, String> {
        let board = Board::new(0x76, 1);
        let mut state = board.lock();
        switch(&mut state, &mut Words::new(line)).map(|()| std::mem::take(&mut state.faults))
    }

    #[test]
    fn a_fault_has_its_value_and_its_bounds() {
        let faults = switched("bitflip 0.1 for 5 count 3 prob 0.5").unwrap();
        let [Fault { kind, until, count, probability }] = faults[..] else { panic!("{faults:?}") };
        assert_eq!((kind, until, count, probability), (Kind::Flip(0.1), Some(5.0), Some(3), 0.5));
        assert_eq!(switched("timeout for 2").unwrap()[0].kind, Kind::Timeout(1000));
        assert_eq!(switched("nack").unwrap()[0].kind, Kind::Error(EREMOTEIO));
        assert!(switched("off").unwrap().is_empty());
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (line, named) in
            [("", "which"), ("bad", "bad"), ("nack for", "for"), ("nack twice", "twice"), ("off now", "now")]
        {
            let error = switched(line).unwrap_err();
            assert!(error.contains(named), "{line}: {error}");
        }
    }
}
