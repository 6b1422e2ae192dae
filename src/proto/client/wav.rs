//! The head of a WAV file (RIFF, Multimedia Programming Interface 1.0): how long it is.

/// Milliseconds of sound in a WAV file of `length` bytes that begins with `head`; `None` if it is
/// none, or holds nothing. What was cut short is as long as what is there.
pub(super) fn length_ms(head: &[u8], length: u64) -> Option<u64> {
    if head.get(..4)? != b"RIFF" || head.get(8..12)? != b"WAVE" {
        return None;
    }
    let mut at: usize = 12;
    let mut bytes_a_second = None;
    loop {
        let kind = head.get(at..at + 4)?;
        let size = u32_at(head, at + 4)?;
        let body = at + 8;
        match kind {
            b"fmt " => bytes_a_second = Some(u32_at(head, body + 8)?).filter(|rate| *rate > 0),
            b"data" => {
                // A recorder that was stopped, or that writes to a pipe, leaves a length of zero,
                // or the highest one.
                let there = length.saturating_sub(body as u64);
                let said = if size == 0 { there } else { u64::from(size).min(there) };
                let ms = said.saturating_mul(1000) / u64::from(bytes_a_second?);
                return (ms > 0).then_some(ms);
            }
            _ => {}
        }
        // Chunks begin at even places.
        let next = u64::from(size) + u64::from(size & 1);
        at = body.checked_add(usize::try_from(next).ok()?)?;
        if at >= head.len() {
            return None;
        }
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A WAV file, 16 kHz, 16 bits, mono, of so many milliseconds.
    pub fn wav(ms: u32) -> Vec<u8> {
        let data = vec![7; 32 * ms as usize];
        let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        bytes.extend(16_000_u32.to_le_bytes());
        bytes.extend(32_000_u32.to_le_bytes());
        bytes.extend(b"\x02\0\x10\0LIST\x03\0\0\0abc\0data");
        bytes.extend((data.len() as u32).to_le_bytes());
        bytes.extend(data);
        bytes
    }

    #[test]
    fn the_length_is_the_sound_over_its_rate() {
        let bytes = wav(1_500);
        assert_eq!(length_ms(&bytes, bytes.len() as u64), Some(1_500));
        let two_hours = bytes.len() as u64 + 2 * 3_600 * 32_000;
        assert_eq!(length_ms(&bytes, two_hours), Some(1_500));
    }

    #[test]
    fn what_is_cut_short_is_as_long_as_what_is_there() {
        let bytes = wav(1_000);
        assert_eq!(length_ms(&bytes, bytes.len() as u64 - 16_000), Some(500));
        let mut endless = wav(1_000);
        let at = endless.len() - 32_000 - 4;
        endless[at..at + 4].fill(0xff);
        assert_eq!(length_ms(&endless, endless.len() as u64), Some(1_000));
        endless[at..at + 4].fill(0);
        assert_eq!(length_ms(&endless, endless.len() as u64), Some(1_000));
    }

    #[test]
    fn what_is_no_wav_or_silent_of_bytes_is_none() {
        let bytes = wav(100);
        for end in 0..bytes.len() - 3_200 {
            assert_eq!(length_ms(&bytes[..end], end as u64), None, "{end} bytes");
        }
        assert_eq!(length_ms(b"ID3 an mp3 file, long enough for a head", 1 << 20), None);
        assert_eq!(length_ms(&wav(0), wav(0).len() as u64), None);
        let mut no_rate = wav(100);
        no_rate[28..32].fill(0);
        assert_eq!(length_ms(&no_rate, no_rate.len() as u64), None);
    }
}
