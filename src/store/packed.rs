//! Files as the database keeps them: compressed, and in parts.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

/// Bytes of a part: with what is around it, a statement that every server takes as it comes.
pub(super) const PART: usize = 1_000_000;

/// Bytes of a file, at most: more than any model that a function has the memory for.
pub const LONGEST_FILE: usize = 256 << 20;

/// A file, compressed.
pub(super) fn pack(file: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(file)?;
    encoder.finish()
}

/// The file again, if it has as many bytes as it should. No more are read, whatever was put there.
pub(super) fn unpack(packed: &[u8], bytes: usize) -> io::Result<Vec<u8>> {
    if bytes > LONGEST_FILE {
        return Err(io::Error::other(format!("it has {bytes} bytes, more than {LONGEST_FILE}")));
    }
    let (mut file, limit) = (Vec::new(), bytes as u64 + 1);
    GzDecoder::new(packed).take(limit).read_to_end(&mut file)?;
    if file.len() != bytes {
        return Err(io::Error::other(format!("it does not have the {bytes} bytes that it should")));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_is_unpacked_and_nothing_else_is() {
        let file = b"a model, a model, a model".repeat(100);
        let packed = pack(&file).unwrap();
        assert!(packed.len() < file.len() / 5);
        assert_eq!(unpack(&packed, file.len()).unwrap(), file);
        for (packed, bytes) in [
            (&packed[..], file.len() - 1),
            (&packed, file.len() + 1),
            (&packed, usize::MAX),
            (&packed[..packed.len() - 9], file.len()),
            (&packed[10..], file.len()),
            (&[], 0),
        ] {
            assert!(unpack(packed, bytes).is_err(), "{bytes}");
        }
    }
}
