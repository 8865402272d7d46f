//! A target on the files that are named: what a fuzzer found is tried again so.

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    let name = arguments.next().unwrap_or_default();
    let Some(target) = name.to_str().and_then(fuzz::target) else {
        let known: Vec<&str> = fuzz::TARGETS.iter().map(|target| target.name).collect();
        panic!("fuzz TARGET FILE…: TARGET is one of {}", known.join(", "));
    };
    for file in arguments {
        let bytes = std::fs::read(&file).unwrap_or_else(|fault| panic!("{}: {fault}", file.display()));
        (target.run)(&bytes);
    }
}
