//! The debug directory: where the PDB is, and whether time stamps are hashes.

use super::Pe;
use crate::error::Result;
use crate::read::{Identity, Parsed};
use object::LittleEndian as LE;
use object::pe::{self, ImageDebugDirectory};
use object::read::ReadRef as _;
use twinproof_base::hex;

/// The most entries; linkers write five at most.
const MAX: u64 = 64;

/// Bit 0 of the extended characteristics: the code works with a shadow stack.
const CET_COMPATIBLE: u8 = 1;

pub(super) fn fill(parsed: &mut Parsed<'_>, pe: &Pe<'_>) -> Result<()> {
    let Some((start, size)) = pe.directory(pe::IMAGE_DIRECTORY_ENTRY_DEBUG) else { return Ok(()) };
    let Some((offset, left)) = parsed.space.offset(pe.base.wrapping_add(start)) else {
        return Ok(());
    };
    let each = size_of::<ImageDebugDirectory>() as u64;
    for index in 0..(size.min(left) / each).min(MAX) {
        let place = offset + index * each;
        let Ok(entry) = parsed.view.read_at::<ImageDebugDirectory>(place) else { break };
        parsed.mark(Identity::Timestamp, place + 4, 4);
        let data = (
            u64::from(entry.pointer_to_raw_data.get(LE)),
            u64::from(entry.size_of_data.get(LE)).min(4096),
        );
        match entry.typ.get(LE) {
            pe::IMAGE_DEBUG_TYPE_CODEVIEW => code_view(parsed, data)?,
            pe::IMAGE_DEBUG_TYPE_REPRO => {
                // The hash that stands in place of the time stamps.
                parsed.mark(Identity::BuildId, data.0, data.1);
                if let Some(facts) = &mut parsed.image.pe {
                    facts.reproducible = true;
                }
            }
            pe::IMAGE_DEBUG_TYPE_EX_DLLCHARACTERISTICS => {
                let bits = parsed.view.bytes(data.0, 1).and_then(|b| b.first().copied());
                if let (Some(facts), true) =
                    (&mut parsed.image.pe, bits.is_some_and(|b| b & CET_COMPATIBLE != 0))
                {
                    facts.dll_characteristics.push("EX_CET_COMPAT".into());
                    facts.dll_characteristics.sort();
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// `RSDS`, a GUID, an age, a path.
fn code_view(parsed: &mut Parsed<'_>, (offset, size): (u64, u64)) -> Result<()> {
    let Some(data) = parsed.view.bytes(offset, size) else { return Ok(()) };
    let (Some(b"RSDS"), Some(guid), Some(age)) = (data.get(..4), data.get(4..20), data.get(20..24))
    else {
        return Ok(());
    };
    parsed.mark(Identity::BuildId, offset + 4, 20);
    // A GUID's first three fields are little-endian numbers, its last eight bytes are bytes.
    let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    let guid: Vec<u8> = order.iter().filter_map(|i| guid.get(*i).copied()).collect();
    let age = age.iter().rev().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
    parsed.image.ids.pdb = Some(format!("{}-{age:x}", hex::encode(&guid)));
    let path = data.get(24..).and_then(|rest| rest.split(|byte| *byte == 0).next());
    if let Some(path) = path.filter(|path| !path.is_empty()) {
        let path = parsed.view.text(path)?;
        if let Some(facts) = &mut parsed.image.pe {
            facts.pdb_path = Some(path);
        }
    }
    Ok(())
}
