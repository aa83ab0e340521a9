//! The people of an organisation, each with a desk of their own.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    thread,
};

use serde::{Deserialize, Serialize};

use super::Desk;

/// A member of staff.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: String,
    desk: Desk,
}

impl std::ops::Deref for Person {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

/// Everybody.
#[derive(Clone, Debug)]
pub(crate) struct Team {
    /// The fingerprint of the organisation's key.
    pub(crate) organisation: String,
    pub(crate) admin: Person,
    pub(crate) officer: Person,
    /// Head of rapid response, and an officer.
    pub(crate) head: Person,
    pub(crate) approvers: [Person; 3],
    pub(crate) finance: Person,
}

/// Name, roles, team.
const STAFF: [(&str, &str, &str); 6] = [
    ("mara", "officer", "triage"),
    ("sami", "officer,head", "triage"),
    ("ines", "approver", "approvers"),
    ("theo", "approver", "approvers"),
    ("lola", "approver", "approvers"),
    ("feng", "finance", "finance"),
];
const ADMIN: &str = "ada";
/// Kept beside the people's folders: who has which id.
const REGISTER: &str = "register.json";

/// Who has which id, and the organisation's fingerprint, as they are kept with a template.
#[derive(Deserialize, Serialize)]
struct Register {
    organisation: String,
    staff: BTreeMap<String, String>,
}

/// Founds an organisation and brings its people in, with nothing but the command line.
pub(crate) fn found(desk: &Desk, setup_code: &Path) -> Team {
    let people = &desk.folder;
    let at = |name: &str| desk.beside(make(people.join(name)));
    let admin = at(ADMIN);
    let (key, code) = (path(&admin.folder.join("organisation.key")), path(&admin.folder.join("code")));
    let founded = admin.flare(&[
        "staff",
        "init",
        "--name",
        "Help Desk",
        "--admin",
        ADMIN,
        "--setup-code-file",
        &path(setup_code),
        "--organisation-key-file",
        &key,
        "--code-file",
        &code,
    ]);
    let organisation = founded["organisation_fingerprint"].as_str().unwrap();
    enrol(&admin, ADMIN, &code);
    log_in(&admin, ADMIN, organisation);
    for (name, roles, _) in STAFF {
        let code = path(&at(name).folder.join("code"));
        admin.flare(&["staff", "invite", name, "--roles", roles, "--code-file", &code]);
    }
    let each = |act: &(dyn Fn(&Desk, &'static str) -> String + Sync)| {
        thread::scope(|scope| {
            let halves = STAFF.chunks(STAFF.len() / 2).map(|half| {
                let at = &at;
                scope.spawn(move || half.iter().map(|(name, _, _)| act(&at(name), name)).collect::<Vec<_>>())
            });
            let halves: Vec<_> = halves.collect();
            halves.into_iter().flat_map(|half| half.join().unwrap()).collect::<Vec<_>>()
        })
    };
    let keys = each(&|desk, name| enrol(desk, name, &path(&desk.folder.join("code"))));
    for ((name, _, team), keys) in STAFF.into_iter().zip(keys) {
        let (key, keys) = (["--organisation-key-file", &key], ["--fingerprint", &keys]);
        admin.flare(&[&["staff", "admit", name, "--team", team][..], &key, &keys].concat());
    }
    each(&|desk, name| log_in(desk, name, organisation));
    let listed = admin.flare(&["staff", "list"]);
    let staff = rows(&listed).into_iter().map(|staff| {
        let text = |key: &str| staff[key].as_str().unwrap_or_else(|| panic!("no {key}: {listed}")).to_owned();
        (text("name"), text("staff_id"))
    });
    let register = Register { organisation: organisation.to_owned(), staff: staff.collect() };
    fs::write(people.join(REGISTER), serde_json::to_vec(&register).unwrap()).unwrap();
    meet(desk)
}

/// The people whose folders are there already.
pub(crate) fn meet(desk: &Desk) -> Team {
    let register: Register = serde_json::from_slice(&fs::read(desk.folder.join(REGISTER)).unwrap()).unwrap();
    let person =
        |name: &str| Person { id: register.staff[name].clone(), desk: desk.beside(desk.folder.join(name)) };
    Team {
        organisation: register.organisation.clone(),
        admin: person(ADMIN),
        officer: person("mara"),
        head: person("sami"),
        approvers: ["ines", "theo", "lola"].map(person),
        finance: person("feng"),
    }
}

/// The list in a document that holds one.
pub(crate) fn rows(document: &serde_json::Value) -> Vec<serde_json::Value> {
    let list =
        document.as_array().or_else(|| document.as_object()?.values().find_map(serde_json::Value::as_array));
    list.unwrap_or_else(|| panic!("no list: {document}")).clone()
}

fn passphrase(desk: &Desk, name: &str) -> String {
    desk.file("passphrase", format!("{name} counts seventeen herons").as_bytes())
}

/// Gives the fingerprint of their keys.
fn enrol(desk: &Desk, name: &str, code: &str) -> String {
    let passphrase = passphrase(desk, name);
    let enrolled =
        desk.flare(&["staff", "enrol", name, "--code-file", code, "--passphrase-file", &passphrase]);
    enrolled["key_fingerprint"].as_str().unwrap().to_owned()
}

/// Gives the fingerprint of the organisation that they trust.
fn log_in(desk: &Desk, name: &str, organisation: &str) -> String {
    let passphrase = passphrase(desk, name);
    let trusted =
        desk.flare(&["login", name, "--organisation", organisation, "--passphrase-file", &passphrase]);
    trusted["organisation_fingerprint"].as_str().unwrap().to_owned()
}

fn make(folder: PathBuf) -> PathBuf {
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn path(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

impl Team {
    /// The ids of all approvers.
    pub(crate) fn approver_ids(&self) -> Vec<String> {
        self.approvers.iter().map(|approver| approver.id.clone()).collect()
    }
}
