//! What whoever runs the servers can read is what SECURITY.md lists: no column comes without somebody deciding about it.

use std::collections::BTreeSet;

use flare_store::{Schema, sql};
use flare_testkit::Sandbox;

const LISTED: &str = include_str!("listed_metadata.txt");

const SCHEMAS: [Schema; 5] = [
    flare_grants::SCHEMA,
    flare_identity::SCHEMA,
    flare_intake::SCHEMA,
    flare_notification::SCHEMA,
    flare_triage::SCHEMA,
];

#[tokio::test]
async fn every_column_of_every_table_was_decided_about() {
    let listed: BTreeSet<String> = LISTED
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| {
            let (table, columns) = line.split_once(": ").unwrap();
            let table = table.to_owned();
            columns.split(' ').map(move |column| format!("{table}.{}", column.trim_end_matches('*')))
        })
        .collect();
    let mut found = BTreeSet::new();
    for schema in SCHEMAS {
        let own = columns(schema).await;
        let of_all: BTreeSet<_> =
            listed.iter().filter_map(|name| name.strip_prefix("every.").map(str::to_owned)).collect();
        assert!(of_all.is_subset(&own), "{} lacks {:?}", schema.name, of_all.difference(&own));
        found.extend(own.difference(&of_all).map(|name| format!("{}.{name}", schema.name)));
    }
    found.extend(listed.iter().filter(|name| name.starts_with("every.")).cloned());
    let new: Vec<_> = found.difference(&listed).collect();
    assert!(new.is_empty(), "decide whether these can be read, and list them in SECURITY.md if so: {new:?}");
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(gone.is_empty(), "these are listed and are no columns any more: {gone:?}");
}

/// `table.column`, all of them.
async fn columns(schema: Schema) -> BTreeSet<String> {
    let sandbox = Sandbox::sqlite(schema).await;
    let rows = sandbox
        .database
        .fetch_all(sql("SELECT held.name || '.' || field.name AS name FROM sqlite_master AS held, \
                        pragma_table_info(held.name) AS field \
                        WHERE held.type = 'table' AND held.name NOT LIKE '\\_sqlx%' ESCAPE '\\'"))
        .await
        .unwrap();
    rows.iter().map(|row| row.text("name").unwrap()).collect()
}
