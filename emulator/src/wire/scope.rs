//! What a request says that it is signed for: the credential scope of Signature Version 4.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html>

/// The region and the service of a signature. The signature itself is not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scope<'a> {
    /// `us-east-1`.
    pub(crate) region: &'a str,
    /// The name that the service signs with: `s3`.
    pub(crate) service: &'a str,
}

impl<'a> Scope<'a> {
    /// The scope in the header `authorization`; none when it is of another kind, such as a signature for a set of
    /// regions.
    pub(super) fn read(authorization: &'a str) -> Option<Self> {
        let fields = authorization.strip_prefix("AWS4-HMAC-SHA256")?;
        let credential = fields.split(',').find_map(|field| field.trim().strip_prefix("Credential="))?;
        // From the end: access key, date, region, service, `aws4_request`.
        let mut parts = credential.trim().rsplit('/');
        let end = parts.next()?;
        let (service, region) = (parts.next()?, parts.next()?);
        let whole = parts.count() >= 2 && end == "aws4_request" && !region.is_empty() && !service.is_empty();
        whole.then_some(Self { region, service })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_from_the_credential() {
        let header = "AWS4-HMAC-SHA256 Credential=AKID/20261128/us-east-1/s3/aws4_request, \
                      SignedHeaders=host;x-amz-date, Signature=00ff";
        assert_eq!(Scope::read(header), Some(Scope { region: "us-east-1", service: "s3" }));
        let tight = "AWS4-HMAC-SHA256 SignedHeaders=host,Credential=AKID/20261128/sa-east-1/ecs/aws4_request";
        assert_eq!(Scope::read(tight), Some(Scope { region: "sa-east-1", service: "ecs" }));
    }

    #[test]
    fn what_has_no_scope_is_none() {
        for other in [
            "",
            "Bearer token",
            "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00ff",
            "AWS4-HMAC-SHA256 Credential=AKID/20261128/us-east-1/s3/aws3_request",
            "AWS4-HMAC-SHA256 Credential=20261128/us-east-1/s3/aws4_request",
            "AWS4-HMAC-SHA256 Credential=AKID/20261128//s3/aws4_request",
            "AWS4-ECDSA-P256-SHA256 Credential=AKID/20261128/s3/aws4_request, Signature=00ff",
        ] {
            assert_eq!(Scope::read(other), None, "{other}");
        }
    }
}
