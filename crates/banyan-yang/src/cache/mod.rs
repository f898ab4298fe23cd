//! A compiled set as bytes, so that the next start need not compile it again.
//!
//! A file answers one request ([`Compiler::cache_key`]) and holds every look-up that the compilation made at its
//! [`ModuleSource`], with the texts. Reading asks the source for each again and compares: whatever differs is a
//! [`Miss`], and the set is compiled anew. So a file is never stale, whatever happened to the modules meanwhile.
//!
//! Layout (numbers are little-endian): magic, format, checksum, length of the body; the body: key, look-ups, strings,
//! the tables of what is shared, modules, identities, annotations, nodes, diagnostics; then the texts. An entry of a
//! table names only entries before it. The texts have no checksum, as each is compared.
//!
//! No I/O here: see [`Storage`]. Must never panic on a file, nor reserve more than it is long.

mod bytes;
mod decode;
mod encode;
mod lookup;
mod nodes;
mod shared;
mod strings;
mod types;

#[cfg(test)]
mod damage_tests;

use sha2::{Digest, Sha256};

pub use decode::decode;
pub use encode::encode;

use crate::compile::{CompileError, Compiled, Compiler, Features, Mode};

/// What every file begins with.
const MAGIC: &[u8; 8] = b"bnyschm\0";

/// A fingerprint of this crate's sources (`build.rs`): whatever may change the layout, or what the compiler makes of the
/// same texts, changes it.
const FORMAT: u64 = match u64::from_str_radix(env!("BANYAN_YANG_SOURCES"), 16) {
    Ok(format) => format,
    Err(_) => panic!("build.rs writes 16 hexadecimal digits"),
};

/// Why a file does not give a schema. Whatever it is, compiling helps.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Miss {
    /// It is truncated, changed, or no such file at all.
    #[error("the file is damaged")]
    Damaged,
    /// Another version of the program wrote it.
    #[error("the file is of another version")]
    Version,
    /// It answers another request.
    #[error("the file is of another module set")]
    Request,
    /// The module is not, or no longer, what it was.
    #[error("module {0} has changed")]
    Changed(String),
}

/// Where files are kept, by the key of the request. A directory, or nothing but memory.
pub trait Storage {
    /// The bytes of that key, if there are any.
    fn read(&self, key: &str) -> Option<Vec<u8>>;

    /// Keeps bytes, in one step: a reader sees all or nothing. Failing is no error to anyone but whoever reads logs.
    fn write(&self, key: &str, bytes: &[u8]);

    /// Why the bytes of a key were of no use; for logs.
    fn missed(&self, key: &str, miss: &Miss);
}

impl Compiler<'_> {
    /// SHA-256 of all that is asked for, in hexadecimal digits: the modules, their features, the mode, and the version
    /// of the program. What the source holds is not part of it.
    pub fn cache_key(&self) -> String {
        let mut all = Sha256::new();
        let mut part = |text: &str| {
            // Lengths keep neighbouring parts apart.
            all.update((text.len() as u64).to_le_bytes());
            all.update(text);
        };
        part(env!("CARGO_PKG_VERSION"));
        part(&FORMAT.to_string());
        part(match self.mode {
            Mode::Strict => "strict",
            Mode::Lenient => "lenient",
        });
        part(&self.requests.len().to_string());
        for request in &self.requests {
            part(&request.name);
            // A revision is never empty.
            part(request.revision.as_deref().unwrap_or(""));
            part(if request.implemented { "i" } else { "o" });
        }
        let by_name = self.features.iter().map(|(name, on)| (name.as_str(), on));
        for (module, features) in by_name.chain([("", &self.default_features)]) {
            part(module);
            match features {
                Features::All => part("all"),
                Features::Only(names) => {
                    part(&names.len().to_string());
                    names.iter().for_each(|name| part(name));
                }
            }
        }
        let digest = all.finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// As [`Compiler::compile`], but from `storage` if what it holds is up to date; else the result goes there.
    ///
    /// # Errors
    /// As [`Compiler::compile`].
    pub fn compile_through(self, storage: &dyn Storage) -> Result<Compiled, CompileError> {
        let key = self.cache_key();
        if let Some(bytes) = storage.read(&key) {
            match decode(&bytes, &key, self.source) {
                Ok(compiled) => return Ok(compiled),
                Err(miss) => storage.missed(&key, &miss),
            }
        }
        let (compiled, lookups) = self.compile_recorded()?;
        if let Some(bytes) = encode(&compiled, &key, &lookups) {
            storage.write(&key, &bytes);
        }
        Ok(compiled)
    }
}
