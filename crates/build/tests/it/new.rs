//! New services.

use std::path::Path;
use std::process::Command;

use jambox_build::{BuildError, Sdk, create, init, services};
use jambox_types::Revision;

use crate::links::toolchain;

const REVISION: Revision = Revision::GrayPaper080;

/// Cargo resolves a new service with the dependencies of this workspace, without a network.
#[test]
fn a_new_service_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().canonicalize().unwrap().join("demo");
    create(&demo, &Sdk::Included, REVISION).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal,dev", "--prefix", "none"])
        .current_dir(&demo)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let tree = String::from_utf8(output.stdout).unwrap();
    for line in tree.lines().filter(|line| line.starts_with("jambox-")) {
        assert!(line.contains(demo.join("sdk/crates").to_str().unwrap()), "{line}");
    }
    let files = ["Cargo.toml", "package.toml"].map(|file| demo.join(file));
    let [manifest, package] = files.map(|file| std::fs::read_to_string(file).unwrap());
    assert!(manifest.contains("revision = \"0.8.0\""), "{manifest}");
    assert!(package.contains("revision = \"gray-paper-0.8.0\""), "{package}");
    assert!(tree.contains("jambox-sdk ") && tree.contains("jambox-invocation "), "{tree}");
}

/// A registry in a folder, in place of all others for what is below `root`: with the SDK of a
/// version, or empty.
fn registry(root: &Path, version: Option<&str>) {
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"here\"\n[source.here]\ndirectory = \"registry\"\n",
    );
    std::fs::create_dir(root.join("registry")).unwrap();
    for name in ["jambox-sdk", "jambox-sdk-testing"] {
        let Some(version) = version else { continue };
        let at = |file: &str| format!("registry/{name}/{file}");
        let manifest =
            format!("[package]\nname = {name:?}\nversion = {version:?}\nedition = \"2024\"\n");
        write(&at("Cargo.toml"), &manifest);
        write(&at("src/lib.rs"), "");
        write(&at(".cargo-checksum.json"), "{\"files\":{},\"package\":null}");
    }
}

/// The SDK's name in a registry can be anybody's. A program that is not from there takes its own
/// sources, whatever the registry has.
#[test]
fn a_registry_is_not_trusted_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    registry(&root, Some(env!("CARGO_PKG_VERSION")));
    let demo = root.join("demo");
    let made = create(&demo, &Sdk::default(), REVISION).unwrap();
    assert_eq!(made.sdk, Sdk::Included);
    let manifest = std::fs::read_to_string(demo.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("jambox-sdk = { path = \"sdk/crates/sdk\" }"), "{manifest}");
}

/// If asked to look, a service depends on the SDK's published version if cargo finds it, and else
/// takes the sources along.
#[test]
fn an_sdk_that_is_published_is_not_copied() {
    let of_this = env!("CARGO_PKG_VERSION");
    for (version, expected) in
        [(Some(of_this), Sdk::Registry), (Some("0.0.7"), Sdk::Included), (None, Sdk::Included)]
    {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        registry(&root, version);
        let demo = root.join("demo");
        let made = create(&demo, &Sdk::Found, REVISION).unwrap();
        assert_eq!(made.sdk, expected, "{version:?}");
        let manifest = std::fs::read_to_string(demo.join("Cargo.toml")).unwrap();
        let is_published = expected == Sdk::Registry;
        assert_eq!(demo.join("sdk").exists(), !is_published);
        assert_eq!(manifest.contains(&format!("jambox-sdk = {of_this:?}")), is_published);
        if is_published {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(["tree", "--offline", "--edges", "normal,dev", "--prefix", "none"]);
            let output = cargo.current_dir(&demo).output().unwrap();
            let tree = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(tree.contains(&format!("jambox-sdk-testing v{of_this}")), "{output:?}");
        }
    }
}

#[test]
fn an_sdk_that_is_not_there_makes_no_service() {
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    let error = create(&demo, &Sdk::Folder(folder.path().join("nowhere")), REVISION).unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
    assert!(!demo.exists());
}

/// Paths of the SDK's files are too long here, those of the service are not.
#[test]
#[cfg(unix)]
fn a_service_that_cannot_be_written_leaves_nothing_behind() {
    let root = tempfile::tempdir().unwrap();
    let mut folder = root.path().to_owned();
    while folder.as_os_str().len() < 4040 {
        let rest = 4040 - folder.as_os_str().len();
        folder.push("f".repeat(rest.min(100)));
    }
    std::fs::create_dir_all(&folder).unwrap();
    let demo = folder.join("demo");
    let error = create(&demo, &Sdk::Included, REVISION).unwrap_err();
    let BuildError::Io { path, .. } = &error else { panic!("{error}") };
    assert!(path.starts_with(demo.join("sdk")), "{error}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn a_folder_that_cannot_be_made_is_named_as_it_was_given() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let demo = file.path().join("demo");
    let error = create(&demo, &Sdk::Included, REVISION).unwrap_err();
    let BuildError::Io { path, .. } = &error else { panic!("{error}") };
    assert_eq!(path.as_os_str(), demo.as_os_str());
}

#[test]
fn new_services_take_free_folders_with_names_for_crates() {
    let folder = tempfile::tempdir().unwrap();
    let made = create(&folder.path().join("my-service"), &Sdk::Included, REVISION).unwrap();
    assert_eq!(made.files.len(), 8);
    let again = create(&folder.path().join("my-service"), &Sdk::Included, REVISION).unwrap_err();
    assert!(matches!(again, BuildError::Exists(_)));
    let unfit = ["2nd", "my service", "ümlaut", "-"];
    // Cargo refuses these, or takes them for a crate that is there already.
    let taken = ["fn", "test", "std", "core", "alloc", "jambox-sdk", "jambox_sdk", "Self", "build"];
    for name in unfit.into_iter().chain(taken) {
        let error = create(&folder.path().join(name), &Sdk::Included, REVISION).unwrap_err();
        assert!(matches!(error, BuildError::BadName(_)), "{name}: {error}");
    }
}

#[test]
fn a_folder_that_is_there_becomes_a_service_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let names = || {
        let entries = std::fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<_> = entries.map(|it| it.unwrap().file_name()).collect();
        names.sort();
        names
    };
    std::fs::write(at(".gitignore"), "notes\n").unwrap();
    std::fs::write(at("package.toml"), "mine").unwrap();
    let before = names();
    let init = |name| init(folder.path(), name, &Sdk::Included, REVISION);
    let in_the_way = init(Some("tally")).unwrap_err();
    assert!(in_the_way.to_string().ends_with("package.toml exists already"), "{in_the_way}");
    assert!(matches!(init(Some("fn")), Err(BuildError::BadName(_))));
    assert_eq!(names(), before, "nothing is written");
    std::fs::remove_file(at("package.toml")).unwrap();
    let made = init(Some("tally")).unwrap().files;
    assert!(made.contains(&at("Cargo.toml")) && !made.contains(&at(".gitignore")), "{made:?}");
    let [ignored, manifest] =
        [".gitignore", "Cargo.toml"].map(|it| std::fs::read_to_string(at(it)));
    assert_eq!(ignored.unwrap(), "notes\n");
    assert!(manifest.unwrap().contains("name = \"tally\""));
}

/// A workspace with a service, a library without an SDK and nothing of its own.
#[test]
fn a_workspace_has_the_services_of_its_members() {
    if toolchain().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let member = |name: &str, dependencies: &str| {
        let text = format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n{dependencies}");
        write(&format!("{name}/Cargo.toml"), &text);
        write(&format!("{name}/src/lib.rs"), "");
    };
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("sdk");
    write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"b\", \"a\", \"tools\"]\n");
    let on_sdk = format!("[dependencies]\njambox-sdk = {{ path = {sdk:?} }}\n");
    member("a", &on_sdk);
    member("b", &on_sdk);
    member("tools", "");
    assert_eq!(services(&root).unwrap(), [root.join("a"), root.join("b")]);
    assert_eq!(services(&root.join("a")).unwrap(), [root.join("a")]);
    write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"tools\"]\n");
    assert!(matches!(services(&root), Err(BuildError::NoServices { .. })));
}
