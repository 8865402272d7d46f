//! Registries in a few words.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::ecr::manifests::{self, DOCKER_IMAGE, OCI_IMAGE, OCI_INDEX};
use crate::ecr::state::{CacheRule, Image, Manifest, Repository};
use crate::ids;
use crate::world::World;

/// An image to put into a repository: an OCI image of 50 MB with one tag, pushed now, unless said otherwise.
///
/// Its digest is made of the repository's name and the image's own, so the same seeds make the same digests. It has
/// the form of a digest, and is not the SHA-256 of the manifest.
#[derive(Clone, Debug)]
pub struct ImageSeed {
    name: String,
    content: Option<String>,
    tags: Vec<String>,
    size: i64,
    media_type: &'static str,
    pushed_at: Option<Timestamp>,
    pulled_at: Option<Timestamp>,
    archived_at: Option<Timestamp>,
    activated_at: Option<Timestamp>,
    subject: Option<(String, String)>,
    digest: Option<String>,
}

impl ImageSeed {
    /// An image with this tag.
    #[must_use]
    pub fn new(tag: &str) -> Self {
        Self { tags: vec![tag.to_owned()], ..Self::untagged(tag) }
    }

    /// An image without a tag; the name tells its content from others'.
    #[must_use]
    pub fn untagged(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            content: None,
            tags: Vec::new(),
            size: 50_000_000,
            media_type: OCI_IMAGE,
            pushed_at: None,
            pulled_at: None,
            archived_at: None,
            activated_at: None,
            subject: None,
            digest: None,
        }
    }

    /// With this digest, as an image has it that is known from elsewhere.
    #[must_use]
    pub fn known_as(mut self, digest: &str) -> Self {
        self.digest = Some(digest.to_owned());
        self
    }

    /// One more tag.
    #[must_use]
    pub fn tag(mut self, tag: &str) -> Self {
        self.tags.push(tag.to_owned());
        self
    }

    /// The same content is the same digest, in every repository.
    #[must_use]
    pub fn content(mut self, content: &str) -> Self {
        self.content = Some(content.to_owned());
        self
    }

    /// Its bytes.
    #[must_use]
    pub fn size(mut self, bytes: i64) -> Self {
        self.size = bytes;
        self
    }

    /// With a manifest of Docker's, not OCI's.
    #[must_use]
    pub fn docker(mut self) -> Self {
        self.media_type = DOCKER_IMAGE;
        self
    }

    /// With a manifest of which `DescribeImages` does not say what it is.
    #[must_use]
    pub fn unsaid(mut self) -> Self {
        self.media_type = "";
        self
    }

    /// When it was pushed.
    #[must_use]
    pub fn pushed_at(mut self, at: Timestamp) -> Self {
        self.pushed_at = Some(at);
        self
    }

    /// When it was last pulled; never, unless said.
    #[must_use]
    pub fn pulled_at(mut self, at: Timestamp) -> Self {
        self.pulled_at = Some(at);
        self
    }

    /// In the archive since.
    #[must_use]
    pub fn archived_at(mut self, at: Timestamp) -> Self {
        self.archived_at = Some(at);
        self
    }

    /// Restored from the archive then.
    #[must_use]
    pub fn activated_at(mut self, at: Timestamp) -> Self {
        self.activated_at = Some(at);
        self
    }

    /// It refers to this digest, as an artifact of this type.
    #[must_use]
    pub fn subject(mut self, digest: &str, artifact_type: &str) -> Self {
        self.subject = Some((digest.to_owned(), artifact_type.to_owned()));
        self
    }

    /// The digest that it gets in this repository, if it is no index.
    #[must_use]
    pub fn digest(&self, repository: &str) -> String {
        self.digest.clone().unwrap_or_else(|| ids::digest(&self.manifest(repository).text))
    }

    /// Digests of its parts, which tell its manifest from all others.
    fn part(&self, repository: &str, part: &str) -> String {
        let content = self.content.clone().unwrap_or_else(|| format!("{repository}/{}", self.name));
        ids::digest(&format!("{part} of {content}"))
    }

    /// Written as it stands: worlds have a hundred thousand of them.
    fn manifest(&self, repository: &str) -> Manifest {
        let [config, layer] = if self.media_type == DOCKER_IMAGE {
            [
                "application/vnd.docker.container.image.v1+json",
                "application/vnd.docker.image.rootfs.diff.tar.gzip",
            ]
        } else {
            ["application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip"]
        };
        let blob = |media_type: &str, part: &str, size: i64| {
            let digest = self.part(repository, part);
            format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}}}"#)
        };
        let media_type = self.media_type;
        let config_size = self.size.min(1_000);
        let (of_config, of_layer) =
            (blob(config, "config", config_size), blob(layer, "layer", self.size - config_size));
        let refers = self.subject.as_ref().map(|(digest, artifact_type)| {
            let subject = json!({"mediaType": OCI_IMAGE, "digest": digest, "size": 500});
            format!(r#","artifactType":{},"subject":{subject}"#, Value::from(artifact_type.as_str()))
        });
        let text = format!(
            r#"{{"schemaVersion":2,"mediaType":"{media_type}","config":{of_config},"layers":[{of_layer}]{}}}"#,
            refers.unwrap_or_default()
        );
        let (subject, artifact_type) = self.subject.clone().unzip();
        Manifest {
            text,
            media_type: media_type.to_owned(),
            artifact_type: Some(artifact_type.unwrap_or_else(|| config.to_owned())),
            size: self.size,
            children: Vec::new(),
            subject,
            annotations: None,
        }
    }
}

impl World {
    /// Puts an empty repository there, if there is none of that name.
    pub fn repository(&mut self, name: &str) -> &mut Self {
        self.open(name);
        self
    }

    fn open(&mut self, name: &str) -> &mut Repository {
        // It has been there for as long as anybody looks back.
        let then = self.now.checked_sub(SignedDuration::from_hours(365 * 24)).unwrap_or(self.now);
        let repository = self.ecr.repositories.entry(name.to_owned());
        Arc::make_mut(repository.or_insert_with(|| Arc::new(Repository::new(then))))
    }

    /// Tags of this repository do not move any more.
    pub fn immutable_tags(&mut self, repository: &str) -> &mut Self {
        self.open(repository).immutable = true;
        self
    }

    /// Puts an image there; the repository is made if it is missing, and its tags come from where they were.
    ///
    /// Put images there before the services that use them: a service pins its digests when it is made.
    pub fn image(&mut self, repository: &str, seed: ImageSeed) -> &mut Self {
        let manifest = seed.manifest(repository);
        self.push(repository, &seed, manifest);
        self
    }

    /// Puts an OCI index there, which names these digests; what the seed says of media type and size means nothing.
    pub fn index(&mut self, repository: &str, seed: ImageSeed, children: &[impl AsRef<str>]) -> &mut Self {
        let architectures = ["amd64", "arm64", "386", "s390x", "ppc64le", "riscv64"];
        let child = |(n, digest): (usize, &dyn AsRef<str>)| {
            let architecture = architectures.get(n).copied().unwrap_or("unknown");
            json!({
                "mediaType": OCI_IMAGE, "digest": digest.as_ref(), "size": 500,
                "platform": {"architecture": architecture, "os": "linux"},
            })
        };
        let children: Vec<Value> =
            children.iter().map(|c| c as &dyn AsRef<str>).enumerate().map(child).collect();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children,
            "annotations": {"org.opencontainers.image.ref.name": seed.part(repository, "index")},
        });
        // It is one: it has just been written.
        if let Some(manifest) = manifests::read(&manifest.to_string(), None) {
            self.push(repository, &seed, manifest);
        }
        self
    }

    /// Puts cosign's signature of an image there: an image whose tag is made of the digest.
    pub fn signature_of(&mut self, repository: &str, digest: &str) -> &mut Self {
        let tag = format!("{}.sig", digest.replace(':', "-"));
        let seed = ImageSeed::new(&tag).size(2_000).pushed_at(self.soon_after(repository, digest));
        self.image(repository, seed)
    }

    /// Puts an untagged artifact of this type there that refers to an image, as OCI 1.1 has it.
    pub fn referrer_of(&mut self, repository: &str, digest: &str, artifact_type: &str) -> &mut Self {
        let seed = ImageSeed::untagged(&format!("{artifact_type} of {digest}"))
            .size(2_000)
            .subject(digest, artifact_type)
            .pushed_at(self.soon_after(repository, digest));
        self.image(repository, seed)
    }

    /// A minute after an image's push.
    fn soon_after(&self, repository: &str, digest: &str) -> Timestamp {
        let pushed =
            self.ecr.repositories.get(repository).and_then(|r| r.images.get(digest)).map(|i| i.pushed_at);
        pushed.and_then(|at| at.checked_add(SignedDuration::from_mins(1)).ok()).unwrap_or(self.now)
    }

    fn push(&mut self, name: &str, seed: &ImageSeed, manifest: Manifest) {
        let now = self.now;
        let repository = self.open(name);
        let digest = seed.digest.clone().unwrap_or_else(|| ids::digest(&manifest.text));
        let largest = manifest.children.iter().filter_map(|c| repository.images.get(c)).map(|i| i.size).max();
        let size = largest.unwrap_or(manifest.size);
        let mut image = Image::new(Arc::new(manifest), size, seed.pushed_at.unwrap_or(now));
        image.pulled_at = seed.pulled_at;
        image.archived = seed.archived_at.is_some();
        image.archived_at = seed.archived_at;
        image.activated_at = seed.activated_at;
        if let Some(old) = repository.images.get(&digest) {
            image.tags.clone_from(&old.tags);
        }
        repository.images.insert(digest.clone(), image);
        for tag in &seed.tags {
            repository.point(tag, &digest);
        }
    }

    /// Lets a tag point to this digest; the image that had it keeps its others.
    pub fn move_tag(&mut self, repository: &str, tag: &str, digest: &str) -> &mut Self {
        self.open(repository).point(tag, digest);
        self
    }

    /// Takes a tag away; its image stays.
    pub fn remove_tag(&mut self, repository: &str, tag: &str) -> &mut Self {
        self.open(repository).unpoint(tag);
        self
    }

    /// Removes an image, whatever names it.
    pub fn remove_image(&mut self, repository: &str, digest: &str) -> &mut Self {
        let repository = self.open(repository);
        let tags = repository.images.remove(digest).map(|i| i.tags).unwrap_or_default();
        for tag in tags {
            repository.tags.remove(&tag);
        }
        self
    }

    /// Somebody pulled this image then, as ECR has recorded it.
    pub fn pulled(&mut self, repository: &str, digest: &str, at: Timestamp) -> &mut Self {
        if let Some(image) = self.open(repository).images.get_mut(digest) {
            image.pulled_at = Some(at);
        }
        self
    }

    /// Puts an image into the archive.
    pub fn archive(&mut self, repository: &str, digest: &str) -> &mut Self {
        let now = self.now;
        if let Some(image) = self.open(repository).images.get_mut(digest) {
            image.archived = true;
            image.archived_at = Some(now);
        }
        self
    }

    /// Attaches a lifecycle policy, which acts where [`World::run_lifecycle_policies`] says so.
    pub fn lifecycle_policy(&mut self, repository: &str, policy: &Value) -> &mut Self {
        self.open(repository).lifecycle_policy = Some(policy.to_string());
        self
    }

    /// Says who else may pull; nothing enforces it here.
    pub fn repository_policy(&mut self, repository: &str, policy: &Value) -> &mut Self {
        self.open(repository).policy = Some(policy.to_string());
        self
    }

    /// Says who else may pull from the whole registry; nothing enforces it here.
    pub fn registry_policy(&mut self, policy: &Value) -> &mut Self {
        self.ecr.registry_policy = Some(policy.to_string());
        self
    }

    /// Repositories whose names begin so (all, for an empty prefix) are replicated to this account in that region.
    pub fn replicated(&mut self, prefix: &str, account: &str, region: &str) -> &mut Self {
        let mut rule = json!({"destinations": [{"region": region, "registryId": account}]});
        if let (false, Some(rule)) = (prefix.is_empty(), rule.as_object_mut()) {
            let filters = json!([{"filter": prefix, "filterType": "PREFIX_MATCH"}]);
            rule.insert("repositoryFilters".to_owned(), filters);
        }
        self.ecr.replication.push(rule);
        self
    }

    /// Repositories below this prefix cache an upstream registry (`registry-1.docker.io`).
    pub fn pull_through_cache(&mut self, prefix: &str, upstream: &str) -> &mut Self {
        let rule = CacheRule { upstream: upstream.to_owned(), created_at: self.now };
        self.ecr.pull_through_cache.insert(prefix.to_owned(), rule);
        self
    }

    /// Pulls by this role are not recorded.
    pub fn pull_time_exclusion(&mut self, role_arn: &str) -> &mut Self {
        self.ecr.exclusions.insert(role_arn.to_owned());
        self
    }

    /// The role by which everybody calls from now on; `role/steward` of this account, unless said. It matters only for
    /// pull times.
    pub fn called_by(&mut self, role_arn: &str) -> &mut Self {
        self.ecr.caller = Some(role_arn.to_owned());
        self
    }

    /// An image can be neither read nor deleted from now on: that is in `failures[]` with this code (`KmsError`); none:
    /// it can again.
    pub fn image_failure(&mut self, repository: &str, digest: &str, code: Option<&str>) -> &mut Self {
        let failures = &mut self.open(repository).failures;
        match code {
            Some(code) => failures.insert(digest.to_owned(), code.to_owned()),
            None => failures.remove(digest),
        };
        self
    }

    /// A service's revisions have no digests, as with `versionConsistency` off or before ECS has resolved them: its next
    /// tasks pull what the tags mean then.
    pub fn unresolved_images(&mut self, cluster: &str, service: &str) -> &mut Self {
        let service = self.ecs.service_mut(cluster, service);
        let revisions = service.into_iter().flat_map(|s| s.revisions.values_mut());
        for image in revisions.flat_map(|r| &mut r.images) {
            image.digest = None;
        }
        self
    }

    /// Who calls.
    pub(crate) fn caller(&self) -> String {
        let steward = || format!("arn:{}:iam::{}:role/steward", self.partition, self.account);
        self.ecr.caller.clone().unwrap_or_else(steward)
    }
}
