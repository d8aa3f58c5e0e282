//! No input makes any public function panic, and each has a property of its own.
//!
//! The proof is the compiler's: with every overflow a panic, the optimised code of the crate refers to no function outside
//! itself, so there is no panic that it could reach, for any input. That holds of the source on any target; what the
//! compiler cannot rule out fails the test, never the other way about.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crate's sources, tests left out: a module's path within `src`, and its text.
fn sources() -> Vec<(PathBuf, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let modules = fs::read_dir(&src)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let modules =
        modules.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    modules
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            (path.strip_prefix(&src).unwrap().to_owned(), code.to_owned())
        })
        .collect()
}

/// The public functions of the crate, as `module::name`.
fn public_functions(sources: &[(PathBuf, String)]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, code) in sources {
        for line in code.lines() {
            let line = line.trim_start();
            let line = line
                .strip_prefix("pub ")
                .map(|rest| rest.trim_start_matches("const "));
            if let Some(rest) = line.and_then(|line| line.strip_prefix("fn ")) {
                let name = rest.split(['(', '<']).next().unwrap();
                found.insert(format!(
                    "{}::{name}",
                    path.file_stem().unwrap().to_str().unwrap()
                ));
            }
        }
    }
    found
}

/// The optimised code of `sources` as LLVM's text, where an overflow is a panic.
fn compiled(name: &str, sources: &[(PathBuf, String)]) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    for (path, code) in sources {
        fs::write(folder.join(path), code).unwrap();
    }
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    // Incremental compilation keeps small functions in this crate's code, which are otherwise left to the caller's.
    let done = Command::new(rustc)
        .current_dir(&folder)
        .args([
            "--edition=2021",
            "--crate-type=lib",
            "--crate-name=economics",
            "--cap-lints=allow",
            "lib.rs",
        ])
        .args([
            "-Copt-level=3",
            "-Coverflow-checks=on",
            "-Ccodegen-units=1",
            "-Cincremental=incremental",
            "-Csymbol-mangling-version=v0",
        ])
        .args(["--emit=llvm-ir", "-o", "code.ll"])
        .status()
        .unwrap();
    assert!(
        done.success(),
        "rustc could not compile a copy of the crate: {done}"
    );
    fs::read_to_string(folder.join("code.ll")).unwrap()
}

/// The functions outside the crate that its code could call, besides the compiler's own, the formatter of who prints an
/// error, and what unwinds through that.
fn reached(code: &str) -> BTreeSet<&str> {
    let declared = code.lines().filter(|line| line.starts_with("declare "));
    let names = declared.map(|line| line.split(['@', '(']).nth(1).unwrap());
    names
        .filter(|name| !name.starts_with("llvm.") || name.contains("trap"))
        .filter(|name| !name.ends_with("9Formatter9write_str") && *name != "rust_eh_personality")
        .collect()
}

/// Whether `code` has the function `module::name`; one that is compiled to the same as another is the other's alias.
fn defines(code: &str, function: &str) -> bool {
    let path = function
        .split("::")
        .map(|name| format!("{}{name}", name.len()));
    let symbol = format!("_9economics{}", path.collect::<String>());
    code.lines()
        .filter(|line| {
            line.starts_with("define ") || line.starts_with('@') && line.contains(" alias ")
        })
        .filter_map(|line| line.split(&symbol).nth(1))
        .any(|rest| rest.starts_with(['(', ' ']))
}

#[test]
fn no_input_makes_any_function_panic() {
    let sources = sources();
    let code = compiled("proof", &sources);
    let mut missing = public_functions(&sources);
    missing.retain(|function| !defines(&code, function));
    assert!(
        missing.is_empty(),
        "not compiled, so not proven: {missing:?}"
    );
    assert_eq!(reached(&code), BTreeSet::new(), "a panic may be reached");
}

/// The products by halves wrap nothing: in a copy where wrapping panics, no panic can be reached either.
#[test]
fn the_wide_product_wraps_nothing() {
    let mut sources = sources();
    for (path, code) in &mut sources {
        if path == Path::new("math.rs") {
            let strict = code.replace(".wrapping_", ".strict_");
            assert_ne!(*code, strict);
            *code = strict;
        }
    }
    assert_eq!(
        reached(&compiled("strict", &sources)),
        BTreeSet::new(),
        "a product may wrap"
    );
}

/// The proof sees each kind of panic, in a small function too.
#[test]
fn a_planted_panic_is_seen() {
    for body in [
        "a + 1",
        "1 / a",
        "[1, 2][a as usize]",
        "Some(a).filter(|a| *a > 1).unwrap()",
        "panic!()",
    ] {
        let planted = format!("#![no_std]\npub fn planted(a: u64) -> u64 {{ {body} }}");
        let code = compiled("planted", &[("lib.rs".into(), planted)]);
        assert!(defines(&code, "planted"));
        assert_ne!(reached(&code), BTreeSet::new(), "{body}");
    }
}

/// Each function of the crate has a test of its name in [`crate::functions`], and nothing else is there by that name.
#[test]
fn every_public_function_has_its_property() {
    let listed = Command::new(std::env::current_exe().unwrap())
        .arg("--list")
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let tests = listed
        .lines()
        .filter_map(|line| line.strip_prefix("functions::")?.strip_suffix(": test"));
    let tests: BTreeSet<String> = tests.map(str::to_owned).collect();
    let functions = public_functions(&sources());
    assert!(
        functions.len() >= 33,
        "the sources are misread: {functions:?}"
    );
    let missing: Vec<_> = functions.difference(&tests).collect();
    assert!(missing.is_empty(), "without a property: {missing:?}");
}

/// A file that no module declares is not compiled, and its tests do not run, in silence.
#[test]
fn every_file_is_declared_by_its_module() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        let module = match folder.file_name().unwrap() == "src" {
            true => folder.join("lib.rs"),
            false => folder.with_extension("rs"),
        };
        let declared = fs::read_to_string(&module).unwrap();
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path != module {
                let stem = path.file_stem().unwrap().to_str().unwrap();
                let known = declared
                    .lines()
                    .any(|line| line.trim_start_matches("pub ") == format!("mod {stem};"));
                assert!(known, "{} has no `mod {stem};`", module.display());
                seen += 1;
            }
        }
    }
    assert!(seen >= 15, "{seen} files are too few: the walk is wrong");
}

/// Each refusal says its own.
#[test]
fn every_error_says_what_was_wrong() {
    use economics::ArithmeticError::*;
    let all = [
        Overflow,
        ShareAboveWhole,
        DollarShareOutOfRange,
        AmountAboveValue,
        ZeroStep,
    ];
    let said: BTreeSet<String> = all.map(|error| error.to_string()).into();
    assert_eq!(said.len(), all.len());
    assert!(said.iter().all(|text| text.len() > 20), "{said:?}");
}
