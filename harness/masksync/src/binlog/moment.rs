//! Dates and times as rows store them, written as the server writes them.

use super::bytes::{Bytes, Malformed};
use crate::value::fraction;

/// Reads a fraction: one byte for two digits, big-endian; gives microseconds.
fn micros(bytes: &mut Bytes<'_>, fsp: u8) -> Result<u64, Malformed> {
    let n = bytes.be(usize::from(fsp.div_ceil(2)))?;
    // Two digits a byte: an odd precision has a zero behind it.
    let n = n * [1_000_000, 10_000, 100, 1][usize::from(fsp.div_ceil(2)).min(3)];
    if n < 1_000_000 { Ok(n) } else { Err(Malformed("a time's fraction is wrong")) }
}

pub(super) fn date(bytes: &mut Bytes<'_>) -> Result<String, Malformed> {
    let n = bytes.le(3)?;
    Ok(format!("{:04}-{:02}-{:02}", n >> 9, n >> 5 & 15, n & 31))
}

pub(super) fn datetime(bytes: &mut Bytes<'_>, fsp: u8) -> Result<String, Malformed> {
    // The sign bit is inverted, so that memcmp orders values; years before 0 do not exist.
    let n = bytes.be(5)?.wrapping_sub(0x80_0000_0000) & 0xff_ffff_ffff;
    let micros = micros(bytes, fsp)?;
    let (days, time) = (n >> 17, n & 0x1_ffff);
    let (months, day) = (days >> 5, days & 31);
    let (hour, minute, second) = (time >> 12, time >> 6 & 63, time & 63);
    // 13, not 12: month 0 is allowed in MySQL's dates.
    let (year, month) = (months / 13, months % 13);
    let fraction = fraction(micros, fsp);
    Ok(format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{fraction}"))
}

pub(super) fn time(bytes: &mut Bytes<'_>, fsp: u8) -> Result<String, Malformed> {
    // Seconds and fraction are one number, offset so that negative times sort first.
    let tail = usize::from(fsp.div_ceil(2));
    let n = i64::try_from(bytes.be(3 + tail)?).map_err(|_| Malformed("a time is wrong"))?;
    let n = n - (0x80_0000_i64 << (8 * tail));
    let (sign, n) = (if n < 0 { "-" } else { "" }, n.unsigned_abs());
    let (whole, part) = (n >> (8 * tail), n & ((1 << (8 * tail)) - 1));
    let micros = part * [0, 10_000, 100, 1][tail.min(3)];
    if micros >= 1_000_000 {
        return Err(Malformed("a time's fraction is wrong"));
    }
    let (hour, minute, second) = (whole >> 12 & 1023, whole >> 6 & 63, whole & 63);
    Ok(format!("{sign}{hour:02}:{minute:02}:{second:02}{}", fraction(micros, fsp)))
}

/// In UTC. Zero seconds are the server's zero date.
pub(super) fn timestamp(bytes: &mut Bytes<'_>, fsp: u8) -> Result<String, Malformed> {
    let seconds = bytes.be(4)?;
    let micros = micros(bytes, fsp)?;
    let fraction = fraction(micros, fsp);
    // The zero date of MySQL, not the beginning of 1970: TIMESTAMP begins one second later.
    if seconds == 0 && micros == 0 {
        return Ok(format!("0000-00-00 00:00:00{fraction}"));
    }
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
    Ok(format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{fraction}"))
}

/// A date or time as JSON documents hold it: the fields of a DATETIME, then 24 bits of microseconds.
pub(super) fn packed(n: i64, is_date: bool, is_time: bool) -> String {
    let sign = if n < 0 { "-" } else { "" };
    let n = n.unsigned_abs();
    let (whole, micros) = (n >> 24, n & 0xff_ffff);
    let (days, time) = (whole >> 17, whole & 0x1_ffff);
    let (months, day) = (days >> 5, days & 31);
    let date = format!("{:04}-{:02}-{day:02}", months / 13, months % 13);
    if is_date {
        return date;
    }
    let hour = if is_time { whole >> 12 & 1023 } else { time >> 12 };
    let clock = format!("{hour:02}:{:02}:{:02}.{micros:06}", time >> 6 & 63, time & 63);
    if is_time { format!("{sign}{clock}") } else { format!("{date} {clock}") }
}

/// Year, month and day of a day since 1970 (Hinnant's `civil_from_days`, for days from then on).
fn civil(days: u64) -> (u64, u64, u64) {
    // Howard Hinnant's `civil_from_days`: years that begin in March have their leap day last.
    let z = days + 719_468;
    let (era, day_of_era) = (z / 146_097, z % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(0, "1970-01-01")]
    #[case(11_016, "2000-02-29")]
    #[case(20_783, "2026-11-26")]
    #[case(49_709, "2106-02-06")]
    fn days_have_their_dates(#[case] days: u64, #[case] expected: &str) {
        let (year, month, day) = civil(days);
        assert_eq!(format!("{year:04}-{month:02}-{day:02}"), expected);
    }

    #[test]
    fn zero_and_partly_zero_dates_stay_as_they_are() {
        assert_eq!(date(&mut Bytes(&[0, 0, 0])).unwrap(), "0000-00-00");
        let n: u32 = 2023 << 9 | 15;
        assert_eq!(date(&mut Bytes(&n.to_le_bytes()[..3])).unwrap(), "2023-00-15");
        assert_eq!(datetime(&mut Bytes(&[0x80, 0, 0, 0, 0]), 0).unwrap(), "0000-00-00 00:00:00");
        assert_eq!(timestamp(&mut Bytes(&[0; 7]), 6).unwrap(), "0000-00-00 00:00:00.000000");
    }

    #[test]
    fn negative_times_have_their_fraction() {
        // -00:00:00.01 of precision 2: one below the offset.
        assert_eq!(time(&mut Bytes(&[0x7f, 0xff, 0xff, 0xff]), 2).unwrap(), "-00:00:00.01");
        assert_eq!(time(&mut Bytes(&[0x80, 0, 1]), 0).unwrap(), "00:00:01");
        assert_eq!(time(&mut Bytes(&[0x4b, 0x91, 0x05]), 0).unwrap(), "-838:59:59");
    }

    #[test]
    fn fractions_beyond_a_second_are_refused() {
        assert!(micros(&mut Bytes(&[0xff]), 2).is_err());
        assert!(micros(&mut Bytes(&[0xff, 0xff, 0xff]), 6).is_err());
        assert_eq!(micros(&mut Bytes(&[99]), 1), Ok(990_000));
    }
}
