//! The secrets of SSH on disk: the server's host key, users' private keys, password hashes.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use russh::keys::key::safe_rng;
use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, HashAlg, PrivateKey};
use sha_crypt::{PasswordHashRef, PasswordHasher, PasswordVerifier, ShaCrypt};
use thiserror::Error;

/// Why a key file cannot be used.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// It cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others may read it.
    #[error(
        "{path}: this private key can be read by others (mode {mode:03o}); do: chmod 600 {path}"
    )]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It holds no key that we understand.
    #[error("{path}: not a private key that can be used: {reason}")]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

/// Reads the host key, or makes an Ed25519 one with mode 0600 if there is no such file.
pub(super) fn load_or_make_host_key(path: &Path) -> Result<PrivateKey, KeyFileError> {
    if !path.exists() {
        make_host_key(path)?;
    }
    load_private_key(path, None)
}

/// Reads a private key that only its owner can read.
pub(super) fn load_private_key(
    path: &Path,
    passphrase: Option<&str>,
) -> Result<PrivateKey, KeyFileError> {
    let io_error = |source| KeyFileError::Io {
        path: path.to_owned(),
        source,
    };
    let mode = std::fs::metadata(path)
        .map_err(io_error)?
        .permissions()
        .mode()
        & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Readable {
            path: path.to_owned(),
            mode,
        });
    }
    russh::keys::load_secret_key(path, passphrase).map_err(|e| KeyFileError::NotAKey {
        path: path.to_owned(),
        reason: e.to_string(),
    })
}

fn make_host_key(path: &Path) -> Result<(), KeyFileError> {
    let io_error = |source| KeyFileError::Io {
        path: path.to_owned(),
        source,
    };
    let not_a_key = |e: russh::keys::ssh_key::Error| KeyFileError::NotAKey {
        path: path.to_owned(),
        reason: e.to_string(),
    };
    let key = PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).map_err(not_a_key)?;
    let text = key.to_openssh(LineEnding::LF).map_err(not_a_key)?;
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(io_error)?;
    }
    // Written aside and renamed: a crash leaves no half key behind, which would bar the next start.
    let aside = path.with_extension("new");
    let _ = std::fs::remove_file(&aside);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&aside)
        .map_err(io_error)?;
    file.write_all(text.as_bytes()).map_err(io_error)?;
    file.sync_all().map_err(io_error)?;
    std::fs::rename(&aside, path).map_err(io_error)?;
    tracing::info!(path = %path.display(), fingerprint = %key.fingerprint(HashAlg::Sha256), "made a new SSH host key");
    Ok(())
}

/// The fingerprint of the key in a host key file, as OpenSSH shows it (`SHA256:...`).
///
/// # Errors
/// See [`KeyFileError`].
pub fn host_key_fingerprint(path: &Path) -> Result<String, KeyFileError> {
    let key = load_private_key(path, None)?;
    Ok(key.fingerprint(HashAlg::Sha256).to_string())
}

/// Hashes a password for the configuration file: crypt(3) `$6$` with a fresh salt.
///
/// # Errors
/// The system gives no random numbers.
pub fn hash_password(password: &str) -> io::Result<String> {
    ShaCrypt::SHA512
        .hash_password(password.as_bytes())
        .map(|hash| hash.as_str().to_owned())
        .map_err(|e| io::Error::other(e.to_string()))
}

/// Is the text a crypt(3) hash of a kind that we can check?
pub(super) fn is_password_hash(hash: &str) -> bool {
    (hash.starts_with("$5$") || hash.starts_with("$6$")) && PasswordHashRef::new(hash).is_ok()
}

/// Checks a password against a crypt(3) hash; costs milliseconds on purpose.
pub(super) fn verify_password(password: &str, hash: &str) -> bool {
    ShaCrypt::default()
        .verify_password(password.as_bytes(), hash)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crypt_hashes_of_openssl_are_verified() {
        // Made with: openssl passwd -6 -salt saltstring 'Hello world!' (and -5).
        for hash in [
            "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
            "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5",
        ] {
            assert!(is_password_hash(hash), "{hash}");
            assert!(!verify_password("hello world!", hash));
            assert!(verify_password("Hello world!", hash), "{hash}");
        }
        assert!(!is_password_hash("plain"));
        assert!(!is_password_hash("$1$salt$hash"));
        let own = hash_password("söcret").unwrap();
        assert!(is_password_hash(&own) && verify_password("söcret", &own));
        assert!(!verify_password("", &own));
    }

    #[test]
    fn a_host_key_is_made_once_and_only_its_owner_may_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sub/host_key");
        let first = load_or_make_host_key(&path).unwrap();
        let again = load_or_make_host_key(&path).unwrap();
        assert_eq!(first.public_key(), again.public_key());
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = load_or_make_host_key(&path).unwrap_err().to_string();
        assert!(
            error.contains("can be read by others (mode 644)"),
            "{error}"
        );
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, "nonsense").unwrap();
        let error = load_or_make_host_key(&path).unwrap_err().to_string();
        assert!(error.contains("not a private key"), "{error}");
    }
}
