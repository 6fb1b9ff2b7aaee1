//! The layout of a zip: signatures, lengths, fields.

// APPNOTE.TXT, 4.3: each begins with `PK` when written little-endian. The lengths below are those
// of the fixed parts, without names, extra fields and comments.
pub(super) const LOCAL: u32 = 0x0403_4b50;
pub(super) const CENTRAL: u32 = 0x0201_4b50;
pub(super) const END: u32 = 0x0605_4b50;
pub(super) const END64: u32 = 0x0606_4b50;
pub(super) const LOCATOR64: u32 = 0x0706_4b50;
pub(super) const DESCRIPTOR: u32 = 0x0807_4b50;

pub(super) const LOCAL_LENGTH: usize = 30;
pub(super) const CENTRAL_LENGTH: usize = 46;
pub(super) const END_LENGTH: usize = 22;
pub(super) const END64_LENGTH: usize = 56;
pub(super) const LOCATOR64_LENGTH: u64 = 20;

/// Takes little-endian numbers and bytes off the front.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn bytes(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(n)?;
        self.0 = tail;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

/// Sizes and offsets, from 32 bits or the zip64 field.
pub(super) struct Wide<const N: usize>(pub(super) [u64; N]);

impl<const N: usize> Wide<N> {
    /// `None` when the field is there but too short, or must be there and is not.
    pub(super) fn read(extra: &[u8], narrow: [u32; N]) -> Option<Self> {
        let mut wide = narrow.map(u64::from);
        let mut fields = Fields(extra);
        let mut found = None;
        while let (Some(tag), Some(size)) = (fields.u16(), fields.u16()) {
            let Some(content) = fields.bytes(size.into()) else { break };
            if tag == 1 && found.is_none() {
                found = Some(Fields(content));
            }
        }
        for (i, value) in wide.iter_mut().enumerate() {
            if *value == u64::from(u32::MAX) {
                match &mut found {
                    Some(fields) => *value = fields.u64()?,
                    // An old zip may have just this uncompressed size.
                    None if i == 0 => {}
                    None => return None,
                }
            }
        }
        Some(Self(wide))
    }
}
