//! Ids that look random and are not: a counter, hashed.

/// Makes ids; the same world makes the same ids in the same order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ids {
    made: u64,
}

impl Ids {
    /// 32 hexadecimal digits, as a task has.
    pub(crate) fn hex(&mut self) -> String {
        self.made += 1;
        format!("{:016x}{:016x}", mix(self.made), mix(!self.made))
    }

    /// `i-` and 17 hexadecimal digits, as an EC2 instance has.
    pub(crate) fn instance(&mut self) -> String {
        self.made += 1;
        format!("i-{:016x}{:x}", mix(self.made), mix(!self.made) & 0xf)
    }

    /// 19 decimal digits, as a deployment or a service revision has.
    pub(crate) fn digits(&mut self) -> String {
        self.made += 1;
        format!("{}", 1_000_000_000_000_000_000 + mix(self.made) % 8_000_000_000_000_000_000)
    }
}

/// 32 hexadecimal digits with a UUID's hyphens.
pub(crate) fn uuid(hex: &str) -> String {
    let mut uuid = hex.to_owned();
    for at in [20, 16, 12, 8] {
        uuid.insert(at, '-');
    }
    uuid
}

/// The finaliser of splitmix64: every bit of the input moves every bit of the output.
pub(crate) fn mix(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// FNV-1a: the same text, the same number.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// The digest that an image reference resolves to: its own when it names one, else one made of its text.
pub(crate) fn image_digest(image: &str) -> String {
    if let Some((_, digest)) = image.split_once('@') {
        return digest.to_owned();
    }
    digest(image)
}

/// A digest of this text: the same text, the same digest. It has the form of a SHA-256, and is none.
pub(crate) fn digest(text: &str) -> String {
    let seed = hash(text);
    let part = |n: u64| mix(seed.wrapping_add(n));
    format!("sha256:{:016x}{:016x}{:016x}{:016x}", part(0), part(1), part(2), part(3))
}
