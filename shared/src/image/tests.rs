use proptest::prelude::*;

use super::*;
use crate::names::Scope;

const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn digest() -> String {
    format!("sha256:{HEX}")
}

fn parts(text: &str) -> String {
    match ImageRef::parse(text) {
        Ok(ImageRef::Ecr(image)) => {
            let tag = image.tag.as_ref().map_or("-", Tag::as_str);
            let digest = if image.digest.is_some() { "digest" } else { "-" };
            format!("{} {} {} {tag} {digest}", image.account, image.region, image.repository)
        }
        Ok(ImageRef::Elsewhere(_)) => "elsewhere".to_owned(),
        Err(fault) => {
            assert!(fault.to_string().contains("is not a"), "{fault}");
            "fault".to_owned()
        }
    }
}

#[test]
fn every_form_of_ecrs_hosts_names_its_account_and_region() {
    let at = format!("123456789012.dkr.ecr.sa-east-1.amazonaws.com/app@{}", digest());
    let both = format!("123456789012.dkr.ecr.sa-east-1.amazonaws.com/app:v1@{}", digest());
    let long = format!("123456789012.dkr.ecr.sa-east-1.amazonaws.com/app:{}", "x".repeat(128));
    let longs = format!("123456789012 sa-east-1 app {} -", "x".repeat(128));
    for (text, expected) in [
        ("123456789012.dkr.ecr.sa-east-1.amazonaws.com/app", "123456789012 sa-east-1 app - -"),
        ("123456789012.dkr.ecr.sa-east-1.amazonaws.com/app:v1", "123456789012 sa-east-1 app v1 -"),
        (&at, "123456789012 sa-east-1 app - digest"),
        (&both, "123456789012 sa-east-1 app v1 digest"),
        (&long, &longs),
        ("123456789012.dkr.ecr.sa-east-1.amazonaws.com/team/a/b:_1", "123456789012 sa-east-1 team/a/b _1 -"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/app:1", "123456789012 cn-north-1 app 1 -"),
        ("123456789012.dkr.ecr.us-gov-west-1.amazonaws.com/app", "123456789012 us-gov-west-1 app - -"),
        ("123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu/app", "123456789012 eusc-de-east-1 app - -"),
        ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com/app:1", "123456789012 us-east-1 app 1 -"),
        ("123456789012.dkr-ecr.sa-east-1.on.aws/app:1", "123456789012 sa-east-1 app 1 -"),
        ("123456789012.dkr-ecr-fips.us-east-1.on.aws/team/app", "123456789012 us-east-1 team/app - -"),
        ("123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn/a0", "123456789012 cn-north-1 a0 - -"),
        ("123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov/app", "123456789012 us-iso-east-1 app - -"),
        ("123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov/app", "123456789012 us-isob-east-1 app - -"),
        ("123456789012.DKR.ECR.SA-EAST-1.AMAZONAWS.COM/app:V1", "123456789012 sa-east-1 app V1 -"),
        ("123456789012.dkr.ecr.sa-east-1.amazonaws.com:443/app:1", "123456789012 sa-east-1 app 1 -"),
    ] {
        assert_eq!(parts(text), expected, "{text}");
        assert_eq!(ImageRef::parse(text).unwrap().to_string(), text);
    }
}

#[test]
fn other_registries_are_elsewhere() {
    for text in [
        "nginx",
        "nginx:1.27",
        "library/nginx@sha256:abc",
        "docker.io/library/nginx",
        "public.ecr.aws/docker/library/nginx:latest",
        "ecr-public.aws.com/nginx",
        "quay.io/team/app",
        "ghcr.io/team/app:v1",
        "localhost:5000/app",
        "docker.io/me/dkr.ecr",
        "myamazonaws.com/app",
        "registry.k8s.io/pause:3.9",
    ] {
        assert_eq!(parts(text), "elsewhere", "{text}");
    }
}

#[test]
fn what_looks_like_ecr_and_cannot_be_read_is_a_fault() {
    let upper = format!("123456789012.dkr.ecr.sa-east-1.amazonaws.com/app@sha256:{}", HEX.to_uppercase());
    let long = format!("123456789012.dkr.ecr.sa-east-1.amazonaws.com/app:{}", "x".repeat(129));
    let huge = format!("nginx:{}", "x".repeat(3_000));
    for text in [
        "",
        "123456789012.dkr.ecr.sa-east-1.amazonaws.com",
        "123456789012.dkr.ecr.sa-east-1.amazonaws.com:v1",
        "123456789012.dkr.ecr.sa-east-1.amazonaws.com/",
        "123456789012.dkr.ecr.sa-east-1.amazonaws.com/App",
        "123456789012.dkr.ecr.sa-east-1.amazonaws.com/app:",
        "123456789012.dkr.ecr.sa-east-1.amazonaws.com/app:v1:v2",
        "123456789012.dkr.ecr.sa-east-1.amazonaws.com/app:-1",
        "123456789012.dkr.ecr.sa-east-1.amazonaws.com/app@sha256:abc",
        "123456789012.dkr.ecr.sa-east-1.amazonaws.com/app@sha512:abc",
        "123456789012.dkr.ecr.sa-east-1.amazonaws.com//app",
        "123456789012.dkr.ecr.sa-east-1.amazonaws.com/a/../b",
        "123456789012.dkr.ecr.sa-east-1.amazonaws.com:0/app",
        "123456789012.dkr.ecr.sa-east-1.amazonaws.com:99999/app",
        "123456789012.dkr.ecr.sa-east-1.amazonaws.com./app",
        "12345678901.dkr.ecr.sa-east-1.amazonaws.com/app",
        "dkr.ecr.sa-east-1.amazonaws.com/app",
        "123456789012.dkr.ecr.amazonaws.com/app",
        "123456789012.dkr.ecr.sa_east-1.amazonaws.com/app",
        "123456789012.dkr.ecr.1-east-1.amazonaws.com/app",
        "123456789012.dkr.ecr.sa-east.amazonaws.com/app",
        "123456789012.dkr.ecr.sa-east-1.example.com/app",
        "123456789012.dkr-ecr.sa-east-1.example.com/app",
        "123456789012.dkr.ecr-new.sa-east-1.amazonaws.com/app",
        "123456789012.ecr.sa-east-1.amazonaws.com/app",
        "ecr.sa-east-1.amazonaws.com/app",
        "123456789012.sa-east-1.amazonaws.com/app",
        "vpce-1.123456789012.dkr.ecr.sa-east-1.vpce.amazonaws.com/app",
        "https://123456789012.dkr.ecr.sa-east-1.amazonaws.com/app",
        "docker://123456789012.dkr-ecr.sa-east-1.on.aws/app",
        " 123456789012.dkr.ecr.sa-east-1.amazonaws.com/app",
        "AWS@123456789012.dkr.ecr.sa-east-1.amazonaws.com/app",
        "123456789012.dkr.ecr.sa-east-1.amazonaws.com@sha256:abc",
        "123456789012.dkr.ecr.sa-east-1.amazonaws.com/app ",
        "/123456789012.dkr.ecr.sa-east-1.amazonaws.com/app",
        &upper,
        &long,
        &huge,
    ] {
        assert_eq!(parts(text), "fault", "{text}");
    }
    assert_eq!(
        ImageRef::parse("1.dkr.ecr.sa-east-1.amazonaws.com/app").unwrap_err().to_string(),
        "\"1.dkr.ecr.sa-east-1.amazonaws.com/app\" is not a reference to an image in ECR (such as 123456789012.dkr.ecr.sa-east-1.amazonaws.com/team/app:tag, or @sha256:… with 64 lowercase hexadecimal digits)"
    );
}

#[test]
fn the_digest_decides_and_no_tag_means_latest() {
    let host = "123456789012.dkr.ecr.sa-east-1.amazonaws.com";
    let read = |text: &str| match ImageRef::parse(&format!("{host}/{text}")).unwrap() {
        ImageRef::Ecr(image) => image,
        ImageRef::Elsewhere(text) => panic!("{text}"),
    };
    assert_eq!(read("app").identifier(), ImageIdentifier::Tag("latest"));
    assert_eq!(read("app:v1").identifier(), ImageIdentifier::Tag("v1"));
    assert_eq!(
        read(&format!("app:v1@{}", digest())).identifier(),
        ImageIdentifier::Digest(&digest().parse().unwrap())
    );
    assert_eq!(Tag::latest().as_str(), "latest");
}

#[test]
fn an_image_is_within_its_own_account_and_region_alone() {
    let scope = |region: &str, account: &str| Scope {
        partition: "aws".into(),
        region: region.into(),
        account: account.into(),
    };
    let image = ImageRef::parse("123456789012.dkr-ecr.sa-east-1.on.aws/app").unwrap();
    assert!(image.within(&scope("sa-east-1", "123456789012")).is_some());
    assert!(image.within(&scope("us-east-1", "123456789012")).is_none());
    assert!(image.within(&scope("sa-east-1", "210987654321")).is_none());
    assert!(ImageRef::parse("nginx").unwrap().within(&scope("sa-east-1", "123456789012")).is_none());
}

#[test]
fn a_digest_is_sha256_in_lower_case() {
    assert_eq!(digest().parse::<Digest>().unwrap().hex(), HEX);
    for text in [
        "",
        "sha256:",
        HEX,
        &format!("sha256:{HEX}0"),
        &format!("sha512:{HEX}"),
        &format!("sha256:{}", HEX.to_uppercase()),
    ] {
        assert!(text.parse::<Digest>().is_err(), "{text}");
    }
    assert_eq!(
        serde_json::from_str::<Digest>("\"x\"").unwrap_err().to_string(),
        "\"x\" is not a digest (sha256: and 64 lowercase hexadecimal digits)"
    );
    assert_eq!(
        serde_json::to_string(&digest().parse::<Digest>().unwrap()).unwrap(),
        format!("{:?}", digest())
    );
}

#[test]
fn names_of_tags_and_repositories() {
    for good in ["a", "_", "1.0-rc_1", "Latest", &"x".repeat(128)] {
        assert!(good.parse::<Tag>().is_ok(), "{good}");
    }
    for bad in ["", ".a", "-a", "a/b", "a:b", "a b", "é", "a*", &"x".repeat(129)] {
        assert!(bad.parse::<Tag>().is_err(), "{bad}");
    }
    for good in ["ab", "team/app", "a/b", "a.b-c_d/e", "a__b", &"x".repeat(256)] {
        assert!(good.parse::<RepositoryName>().is_ok(), "{good}");
    }
    for bad in ["", "a", "A/b", "/a", "a/", "a//b", "-ab", "ab.", "..", "a/../b", "a:b", &"x".repeat(257)] {
        assert!(bad.parse::<RepositoryName>().is_err(), "{bad}");
    }
}

fn host() -> impl Strategy<Value = String> {
    ("[0-9]{12}", "[a-z]{2}-[a-z]{4,9}-[1-9]", "(:[1-9][0-9]{1,3})?", any::<bool>()).prop_flat_map(
        |(account, region, port, upper)| {
            prop_oneof![
                Just(format!("{account}.dkr.ecr.{region}.amazonaws.com{port}")),
                Just(format!("{account}.dkr.ecr-fips.{region}.amazonaws.com{port}")),
                Just(format!("{account}.dkr-ecr.{region}.on.aws{port}")),
                Just(format!("{account}.dkr-ecr-fips.{region}.on.aws{port}")),
                Just(format!("{account}.dkr.ecr.{region}.amazonaws.com.cn{port}")),
            ]
            .prop_map(move |host| if upper { host.to_uppercase() } else { host })
        },
    )
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_and_prints_back_the_same(text in any::<String>()) {
        if let Ok(read) = ImageRef::parse(&text) {
            prop_assert_eq!(read.to_string(), text);
        }
    }

    #[test]
    fn an_ecr_reference_prints_back_the_same(
        host in host(),
        name in "[a-z0-9]{2,9}([._-][a-z0-9]{1,5}){0,2}(/[a-z0-9]{1,9}){0,3}",
        tag in "(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?",
        digest in "(@sha256:[0-9a-f]{64})?",
    ) {
        let text = format!("{host}/{name}{tag}{digest}");
        let read = ImageRef::parse(&text).unwrap();
        prop_assert!(matches!(read, ImageRef::Ecr(_)));
        prop_assert_eq!(read.to_string(), text);
    }

    #[test]
    fn behind_an_ecr_host_nothing_is_elsewhere(host in host(), rest in "\\PC{0,40}") {
        let elsewhere = |text: &str| matches!(ImageRef::parse(text), Ok(ImageRef::Elsewhere(_)));
        let (slash, at) = (format!("{host}/{rest}"), format!("{host}@{rest}"));
        prop_assert!(!elsewhere(&slash));
        prop_assert!(!elsewhere(&at));
    }
}

#[test]
fn what_stands_behind_an_ecr_host_does_not_hide_it() {
    for rest in ["/://", "/x://y", "://x", "@://", "/quay.io://a"] {
        let text = format!("123456789012.dkr.ecr.sa-east-1.amazonaws.com{rest}");
        assert!(!matches!(ImageRef::parse(&text), Ok(ImageRef::Elsewhere(_))), "{text}");
    }
}
