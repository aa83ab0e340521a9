//! What people wrote is nowhere in the tables, in any of the ways in which bytes are written down.

use std::collections::HashMap;

use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use flare_contracts::intake::v1::{
    FileHeader, MessageKind, PostMessageRequest, SubmitRequestRequest, UploadFileRequest,
    upload_file_request::Part,
};
use flare_kernel::FileId;
use flare_seal::{Compartment, FileAddress, FileSealer};
use flare_testkit::Sandbox;
use futures::stream;
use serde_json::Value;

use super::fixture::{Requester, World, fresh, officer};
use crate::SCHEMA;

const SAMPLES: &str = include_str!("../../../../tests/samples/requests.json");

/// Every way in which a text could be written down; base64 at each of the three places it can begin at.
fn ways(text: &str) -> Vec<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut ways = vec![
        bytes.to_vec(),
        HEXLOWER.encode(bytes).into_bytes(),
        HEXUPPER.encode(bytes).into_bytes(),
        text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    ];
    for encoding in [&BASE64, &BASE64URL] {
        for shift in 0..3_usize {
            let shifted = [&vec![0; shift], bytes].concat();
            let encoded = encoding.encode(&shifted).into_bytes();
            // The first and last characters also carry bits of the neighbours.
            let (begin, end) = ((shift * 8).div_ceil(6), shifted.len() * 8 / 6);
            ways.push(encoded[begin..end].to_vec());
        }
    }
    ways
}

/// Bytes that every needle has at least.
const HEAD: usize = 8;

/// The first of the needles that the haystack holds, in one pass over it.
fn find<'a>(haystack: &[u8], needles: &'a [Vec<u8>]) -> Option<&'a Vec<u8>> {
    let mut by_head: HashMap<&[u8], Vec<&Vec<u8>>> = HashMap::new();
    for needle in needles {
        by_head.entry(&needle[..HEAD]).or_default().push(needle);
    }
    let candidates =
        haystack.windows(HEAD).enumerate().filter_map(|(at, head)| Some((at, by_head.get(head)?)));
    let mut found = candidates.filter_map(|(at, needles)| {
        needles.iter().copied().find(|needle| haystack[at..].starts_with(needle))
    });
    found.next()
}

/// What is looked for: the canary in it, and the beginning of the words themselves.
struct Planted(Vec<String>);

impl Planted {
    /// Marks a text with a canary of its own and remembers both.
    fn mark(&mut self, text: &str) -> String {
        let canary = format!("CANARY{}", fresh());
        self.0.push(canary.clone());
        let words: String = text.chars().take(24).collect();
        if words.chars().count() >= 12 {
            self.0.push(words);
        }
        format!("{text} {canary}")
    }
}

/// The sealed answers of a sample.
fn answers(sample: &Value) -> Vec<(&'static str, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let names = [
        ("request.who", "/asks_for"),
        ("request.contact", "/contact"),
        ("request.never", "/never"),
        ("request.happened", "/happened"),
        ("request.if_nothing_24h", "/if_nothing/24h"),
        ("request.if_nothing_7d", "/if_nothing/7d"),
        ("request.if_nothing_30d", "/if_nothing/30d"),
        ("request.country_now", "/country_now"),
        ("request.country_incident", "/country_incident"),
        ("request.happened_on", "/happened_on"),
        ("request.needs", "/needs"),
        ("request.amount", "/amount"),
        ("request.needed_by", "/needed_by"),
        ("request.budget", "/budget"),
        ("request.payment", "/payment"),
        ("request.endangering_money", "/endangering_money"),
        ("request.others", "/others"),
        ("request.references", "/references"),
        ("request.consent", "/consent"),
        ("request.gender", "/gender"),
        ("request.persons", "/persons"),
        ("request.person_status", "/person_status"),
    ];
    names.into_iter().filter_map(|(name, at)| sample.pointer(at).map(|value| (name, text(value)))).collect()
}

async fn live_through(world: &World, sample: &Value, planted: &mut Planted) {
    let requester = Requester::draw();
    let answers = answers(sample);
    assert!(answers.len() >= 19, "all that the sample says is sealed");
    let request = SubmitRequestRequest {
        answers: answers.iter().map(|(name, text)| requester.answer(name, &planted.mark(text))).collect(),
        ..requester.request()
    };
    world.submit(request).await.unwrap();
    let happened = sample["happened"].as_str().unwrap();
    for (caller, kind) in [(requester.caller(), MessageKind::Text), (officer(), MessageKind::Question)] {
        let message: PostMessageRequest = requester.message(kind, "", &planted.mark(happened));
        world.post(caller, message).await.unwrap();
    }
    attach(world, &requester, &planted.mark("passport.jpg"), &planted.mark(happened)).await;
}

async fn attach(world: &World, requester: &Requester, name: &str, content: &str) {
    let file = FileId::random().unwrap();
    let compartment = Compartment::Thread;
    let address = FileAddress { case: requester.case, compartment, epoch: 1, file };
    let (mut sealer, seal_header) = FileSealer::new(&requester.thread_key, &address).unwrap();
    let field = format!("file.{file}");
    let header = FileHeader {
        request_id: fresh(),
        case_id: String::new(),
        file_id: file.to_string(),
        compartment: flare_contracts::common::v1::Compartment::Thread.into(),
        epoch: 1,
        description: Some(requester.seal(compartment, &requester.thread_key, (&field, 1, 1), name)),
        seal_header,
    };
    let chunk = sealer.seal_chunk(content.as_bytes(), true).unwrap();
    let sent =
        [Part::Header(header), Part::Chunk(chunk)].map(|part| Ok(UploadFileRequest { part: Some(part) }));
    world.intake.receive_file(&requester.caller(), stream::iter(sent)).await.unwrap();
}

/// All bytes of all files under a folder.
fn bytes_under(folder: &std::path::Path) -> Vec<u8> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { bytes_under(&path) } else { std::fs::read(path).unwrap() })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_anybody_wrote_is_in_the_tables_or_among_the_files() {
    let world = World::new(Sandbox::sqlite(SCHEMA).await);
    let samples: Vec<Value> = serde_json::from_str(SAMPLES).unwrap();
    assert_eq!(samples.len(), 8);
    let mut planted = Planted(Vec::new());
    for sample in &samples {
        live_through(&world, sample, &mut planted).await;
    }
    let mut stored = bytes_under(world.sandbox.folder().unwrap());
    stored.extend(bytes_under(world.folder.path()));
    for listed in ["request.happened", "MESSAGE_KIND_QUESTION"] {
        assert!(find(&stored, &[listed.into()]).is_some(), "{listed}: this is the right place to look");
    }
    assert!(planted.0.len() > 8 * 20);
    let needles: Vec<_> = planted.0.iter().flat_map(|text| ways(text)).collect();
    let found = find(&stored, &needles);
    assert!(found.is_none(), "{}", String::from_utf8_lossy(found.unwrap()));
}

#[test]
fn the_search_finds_what_is_there() {
    let text = "CANARY and ندى";
    let utf16 = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<_>>();
    for before in ["", "a", "ab", "abc"] {
        let whole = format!("{before}{text} and more");
        for place in [
            whole.clone().into_bytes(),
            HEXLOWER.encode(whole.as_bytes()).into_bytes(),
            HEXUPPER.encode(whole.as_bytes()).into_bytes(),
            BASE64.encode(whole.as_bytes()).into_bytes(),
            BASE64URL.encode(whole.as_bytes()).into_bytes(),
            utf16(u16::to_le_bytes),
            utf16(u16::to_be_bytes),
        ] {
            let place = [b"\0\x01noise".as_slice(), &place, b"noise"].concat();
            assert!(find(&place, &ways(text)).is_some(), "{before}");
        }
    }
    assert_eq!(find(b"CANARY and nothing", &ways(text)), None);
}
