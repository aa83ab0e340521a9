//! How to go on in the demo, as each of its people.

use std::{fmt::Write as _, net::SocketAddr, path::Path};

use super::{
    cases::Played,
    cast::{PASSPHRASE, PEOPLE},
};

/// What the demo prints when it is ready.
pub(crate) fn guide(
    (address, pages): (SocketAddr, Option<SocketAddr>),
    folder: &Path,
    cases: &[Played],
) -> String {
    let mut text = String::new();
    let pages = pages
        .map(|pages| format!("Whoever needs help opens http://{pages}/ in a browser.\n"))
        .unwrap_or_default();
    let folder = folder.display();
    let _ = write!(
        text,
        "\n\
         ================ DEMO - sample people, sample requests, nothing here is real ================\n\
         Everything is in {folder}\n\
         and is deleted when this ends (Ctrl-C). It answers at {address}.\n\
         {pages}\n\
         In another terminal:\n\
         \n    export FLARE__SERVER__LISTEN={address} D={folder}\n\
         \n\
         and then, as any of these people (passphrase of all: \"{PASSPHRASE}\"):\n\n"
    );
    for person in PEOPLE {
        let _ = writeln!(
            text,
            "    {:<8} {:<24} flare --profile $D/people/{} {}",
            person.name,
            person.title,
            person.name,
            first_step(person.name)
        );
    }
    let _ = writeln!(text, "\nThe requests, each with its receipt as its requester holds it:\n");
    for case in cases {
        let _ = writeln!(text, "    {:<22} {:<34} {}", case.codename, case.stands, case.case);
        let _ =
            writeln!(text, "    {:<22} flare receipt status --receipt-file $D/receipts/{}", "", case.sample);
    }
    let _ = writeln!(
        text,
        "\n\"flare\" is the binary you started: target/release/flare, or `cargo run --release --`.\n\
         =============================================================================================="
    );
    text
}

fn first_step(name: &str) -> &'static str {
    match name {
        "ada" => "staff list",
        "omar" | "hana" => "case queue",
        "vera" | "jonas" => "grant votes",
        "fatou" => "grant finance",
        "sam" => "audit verify --all",
        _ => "inbox",
    }
}
