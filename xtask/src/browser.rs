//! What looks at the portal's pages for the tests: Chromium and its driver, Java, axe-core and the Nu checker.

use std::{
    fs,
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::{
    servers::{install_on_debian, program},
    steps::{Failure, command, run, step, target, variable},
};

/// A program of this machine.
struct Program {
    /// What this tool's output calls it.
    name: &'static str,
    /// The variable that says where it is.
    variable: &'static str,
    /// What it is called in `PATH`, the likeliest name first.
    names: &'static [&'static str],
    /// The package of Debian's that has it.
    package: &'static str,
}

/// One file of a package of npm's, which is believed only when the package has this hash.
struct Packed {
    name: &'static str,
    variable: &'static str,
    package: &'static str,
    version: &'static str,
    /// SHA-256 of the packed package.
    hash: &'static str,
    file: &'static str,
}

const PROGRAMS: [Program; 3] = [
    Program {
        name: "chromium",
        variable: "FLARE_TEST_CHROMIUM",
        names: &["chromium", "chromium-browser", "google-chrome"],
        package: "chromium",
    },
    Program {
        name: "chromedriver",
        variable: "FLARE_TEST_CHROMEDRIVER",
        names: &["chromedriver"],
        package: "chromium-driver",
    },
    Program { name: "java", variable: "FLARE_TEST_JAVA", names: &["java"], package: "default-jre-headless" },
];

const PACKED: [Packed; 2] = [
    Packed {
        name: "axe-core",
        variable: "FLARE_TEST_AXE",
        package: "axe-core",
        version: "4.14.1",
        hash: "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745",
        file: "package/axe.min.js",
    },
    Packed {
        name: "nu checker",
        variable: "FLARE_TEST_NU",
        package: "vnu-jar",
        version: "26.9.27",
        hash: "5970d3ffca91a627cf0965e5d91bb2e4242307c29292998de0b419d6a901b2b7",
        file: "package/build/dist/vnu.jar",
    },
];

/// Sees to it that everything is there, one step each, and gives the variables that tell the tests where.
pub(crate) fn ensure() -> Result<Vec<(&'static str, PathBuf)>, Failure> {
    let mut found = Vec::new();
    let mut add = |name: &str, variable, look: &dyn Fn() -> Result<PathBuf, Failure>| {
        step(name, || {
            let path = look()?;
            let note = path.display().to_string();
            found.push((variable, path));
            Ok(note)
        })
    };
    for program in &PROGRAMS {
        add(program.name, program.variable, &|| program.ensure())?;
    }
    for packed in &PACKED {
        add(packed.name, packed.variable, &|| packed.ensure())?;
    }
    Ok(found)
}

impl Program {
    /// Where the environment says, else in `PATH`, else from Debian's package.
    fn ensure(&self) -> Result<PathBuf, Failure> {
        if let Some(named) = variable(self.variable) {
            return runs(Path::new(&named)).map_err(|why| Failure(format!("{}: {why}", self.variable)));
        }
        let find = || self.names.iter().find_map(|name| program(name, []));
        if find().is_none() {
            install_on_debian(&[self.package]).map_err(|why| {
                Failure(format!("No {} for the tests: {why}.\nName one in {}.", self.name, self.variable))
            })?;
        }
        let found = find().ok_or_else(|| Failure(format!("{} brought no {}", self.package, self.name)))?;
        runs(&found)
    }
}

/// The program, when it can at least say its version.
fn runs(program: &Path) -> Result<PathBuf, Failure> {
    run(command(program, ["--version"]))?;
    Ok(program.to_owned())
}

impl Packed {
    /// The file that the environment names, else the one in the package, which is fetched once.
    fn ensure(&self) -> Result<PathBuf, Failure> {
        if let Some(named) = variable(self.variable) {
            let named = PathBuf::from(named);
            let missing = || Failure(format!("{}: there is no file {}", self.variable, named.display()));
            return named.is_file().then(|| named.clone()).ok_or_else(missing);
        }
        let folder = target().join("tools");
        fs::create_dir_all(&folder)?;
        let archive = folder.join(format!("{}-{}.tgz", self.package, self.version));
        if !archive.is_file() {
            self.fetch(&folder)?;
        }
        let hash = HEXLOWER.encode(&Sha256::digest(fs::read(&archive)?));
        if hash != self.hash {
            fs::remove_file(&archive)?;
            return Err(Failure(format!(
                "{} {} has the hash {hash} and not {}; it was thrown away",
                self.package, self.version, self.hash
            )));
        }
        let mut unpack = command("tar", ["-xzf"]);
        unpack
            .arg(&archive)
            .arg("-C")
            .arg(&folder)
            .arg("--no-same-owner")
            .arg("--strip-components")
            .arg(self.file.matches('/').count().to_string())
            .arg(self.file);
        run(unpack)?;
        let name = self.file.rsplit('/').next().unwrap_or(self.file);
        Ok(folder.join(name))
    }

    /// By npm, which knows which registry this machine uses.
    fn fetch(&self, folder: &Path) -> Result<(), Failure> {
        if program("npm", []).is_none() {
            install_on_debian(&["npm"]).map_err(|why| {
                Failure(format!(
                    "No {} for the tests: {why}.\nName its file in {}.",
                    self.name, self.variable
                ))
            })?;
        }
        let mut pack = command("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination"]);
        pack.arg(folder).arg(format!("{}@{}", self.package, self.version)).current_dir(folder);
        run(pack).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_with_another_hash_is_thrown_away_and_not_unpacked() {
        let folder = target().join("tools");
        fs::create_dir_all(&folder).unwrap();
        let packed = Packed { package: "altered", version: "0", variable: "FLARE_TEST_NO_SUCH", ..PACKED[0] };
        let archive = folder.join("altered-0.tgz");
        fs::write(&archive, "not what it was").unwrap();
        let failure = packed.ensure().unwrap_err().to_string();
        assert!(failure.contains("thrown away") && !archive.exists(), "{failure}");
    }

    #[test]
    fn a_program_that_does_not_run_is_none() {
        runs(Path::new("/no/such/program")).unwrap_err();
        runs(Path::new("false")).unwrap_err();
    }
}
