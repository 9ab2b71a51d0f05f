//! The cipher with nothing around it: the aes-gcm crate on a cached key schedule, in this process.

use crate::server::{Lap, own_cpu_nanos};
use crate::{Failure, Result};
use aes_gcm::Aes256Gcm;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, KeyInit};
use std::hint::black_box;
use std::time::Instant;

const NONCE: usize = 12;
const TAG: usize = 16;

/// Values of one size, plain and sealed.
pub struct Bare {
    cipher: Aes256Gcm,
    plain: Vec<Vec<u8>>,
    sealed: Vec<Sealed>,
}

struct Sealed {
    nonce: [u8; NONCE],
    text: Vec<u8>,
    tag: [u8; TAG],
}

impl Bare {
    /// So many values of this size.
    pub fn new(size: usize, count: usize) -> Result<Bare> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        let cipher = Aes256Gcm::new(&key.into());
        let plain: Vec<Vec<u8>> = (0..count).map(|n| vec![n as u8; size]).collect();
        let mut sealed = Vec::with_capacity(count);
        for value in &plain {
            let mut text = vec![0; size];
            let (nonce, tag) = seal(&cipher, value, &mut text)?;
            sealed.push(Sealed { nonce, text, tag });
        }
        Ok(Bare { cipher, plain, sealed })
    }

    /// Seals each value so many times, under a nonce from the system each.
    pub fn seal(&self, repeats: usize) -> Result<Lap> {
        let mut out = vec![0; self.plain.first().map_or(0, Vec::len)];
        self.lap(repeats, |n| {
            black_box(seal(&self.cipher, black_box(&self.plain[n]), &mut out)?);
            Ok(())
        })
    }

    /// Opens each value so many times.
    pub fn open(&self, repeats: usize) -> Result<Lap> {
        let mut out = vec![0; self.plain.first().map_or(0, Vec::len)];
        self.lap(repeats, |n| {
            let Sealed { nonce, text, tag } = black_box(&self.sealed[n]);
            let buffer = InOutBuf::new(text, &mut out).map_err(|_| failed())?;
            self.cipher
                .decrypt_inout_detached(nonce.into(), &[], buffer, tag.into())
                .map_err(|_| failed())?;
            black_box(&out);
            Ok(())
        })
    }

    fn lap(&self, repeats: usize, mut one: impl FnMut(usize) -> Result<()>) -> Result<Lap> {
        let (start, client) = (Instant::now(), own_cpu_nanos());
        for _ in 0..repeats {
            for n in 0..self.plain.len() {
                one(n)?;
            }
        }
        let (wall, busy) = (start.elapsed().as_nanos() as f64, own_cpu_nanos() - client);
        let each = |nanos: f64| nanos / (repeats * self.plain.len()) as f64;
        Ok(Lap { wall: each(wall), busy: each(busy), server: each(busy) })
    }
}

fn seal(cipher: &Aes256Gcm, plain: &[u8], out: &mut [u8]) -> Result<([u8; NONCE], [u8; TAG])> {
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce)?;
    let buffer = InOutBuf::new(plain, out).map_err(|_| failed())?;
    let tag = cipher.encrypt_inout_detached(&nonce.into(), &[], buffer).map_err(|_| failed())?;
    Ok((nonce, tag.into()))
}

fn failed() -> Failure {
    Failure("the cipher failed".into())
}
