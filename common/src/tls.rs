//! TLS towards a broker or a database.

use rumqttc::{TlsConfiguration, Transport};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use std::{path::Path, sync::Arc};

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The CA file cannot be used.
    #[error("cannot use the CA file {path}: {reason}; it must hold certificates in PEM form")]
    CaFile {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The machine trusts nobody.
    #[error(
        "this machine has no CA certificates: install the package ca-certificates, or set ca_file to the server's CA"
    )]
    NoRoots,
}

/// A transport to a broker, see [`client`].
///
/// # Errors
/// When there is no usable certificate to trust.
pub fn transport(ca_file: Option<&Path>) -> Result<Transport, TlsError> {
    Ok(Transport::Tls(TlsConfiguration::Rustls(Arc::new(client(ca_file)?))))
}

/// TLS 1.2 or 1.3 that trusts the certificates in `ca_file`, or else those that the
/// machine trusts.
///
/// # Errors
/// When there is no usable certificate to trust.
pub fn client(ca_file: Option<&Path>) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            let failed = |reason: String| TlsError::CaFile { path: path.display().to_string(), reason };
            for certificate in CertificateDer::pem_file_iter(path).map_err(|e| failed(e.to_string()))? {
                let certificate = certificate.map_err(|e| failed(e.to_string()))?;
                roots.add(certificate).map_err(|e| failed(e.to_string()))?;
            }
            if roots.is_empty() {
                return Err(failed("no certificate in it".to_owned()));
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err(TlsError::NoRoots);
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        for content in [None, Some("hello")] {
            if let Some(content) = content {
                std::fs::write(&path, content).unwrap();
            }
            let error = transport(Some(&path)).err().expect("no certificate in it").to_string();
            assert!(error.contains("ca.pem"), "{error}");
        }
    }
}
