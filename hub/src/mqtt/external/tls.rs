//! Whom to trust.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of certificates is not readable or not PEM.
    #[error("mqtt.ca_file {path}: {reason}; it must hold the broker's CA certificate as PEM")]
    CaFile {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system has no certificates.
    #[error("the system trusts no CA certificates ({0}): install ca-certificates, or set mqtt.ca_file")]
    System(String),
    /// The library refused.
    #[error("TLS is not available: {0}")]
    Library(#[from] rustls::Error),
}

/// The TLS settings of a client that trusts the certificates in `ca_file`, or those of the system.
pub(super) fn config(ca_file: Option<&Path>) -> Result<ClientConfig, TlsError> {
    let roots = match ca_file {
        Some(path) => from_file(path)
            .map_err(|reason| TlsError::CaFile { path: path.to_owned(), reason: reason.to_string() })?,
        None => from_system()?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn from_file(path: &Path) -> Result<RootCertStore, Box<dyn std::error::Error>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&std::fs::read(path)?) {
        roots.add(certificate?)?;
    }
    if roots.is_empty() { Err("no certificate in it".into()) } else { Ok(roots) }
}

fn from_system() -> Result<RootCertStore, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let reason = found.errors.first().map_or_else(|| "none found".to_owned(), ToString::to_string);
        return Err(TlsError::System(reason));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_ca_file_is_named_with_the_remedy() {
        let directory = tempfile::tempdir().unwrap();
        let empty = directory.path().join("empty.pem");
        std::fs::write(&empty, "nothing here").unwrap();
        for (path, what) in
            [(empty, "no certificate in it"), (directory.path().join("absent.pem"), "No such file")]
        {
            let error = config(Some(&path)).unwrap_err().to_string();
            assert!(error.contains(what) && error.contains(&path.display().to_string()), "{error}");
        }
    }
}
