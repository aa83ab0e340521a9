//! Files.

use std::sync::Arc;

use flare_access::Caller;
use flare_contracts::{
    common::v1::Compartment as WireCompartment,
    intake::v1::{
        AddAnswersRequest, DownloadFileRequest, FileHeader, ListFilesRequest, StoredFile, UploadFileRequest,
        UploadFileResponse, download_file_response, intake_server::Intake as _, upload_file_request::Part,
    },
};
use flare_kernel::{CaseId, Duration, FileId};
use flare_seal::{
    Compartment, CompartmentKey, FILE_CHUNK_LEN, FileAddress, FileOpener, FileSealer, SEALED_FILE_CHUNK_LEN,
    ServiceKey,
};
use flare_testkit::{Sandbox, on_both_engines};
use futures::{StreamExt as _, future::LocalBoxFuture, stream};
use object_store::local::LocalFileSystem;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

use super::fixture::{NOW, Requester, World, field, fresh, from, officer, reason};
use crate::Intake;

/// A file, sealed: its header and chunks.
struct Sealed {
    header: FileHeader,
    chunks: Vec<Vec<u8>>,
}

fn seal(requester: &Requester, compartment: Compartment, content: &[u8]) -> Sealed {
    let file = FileId::random().unwrap();
    let (key, wire) = match compartment {
        Compartment::Request => (&requester.request_key, WireCompartment::Request),
        Compartment::Thread => (&requester.thread_key, WireCompartment::Thread),
        Compartment::Notes | Compartment::Proposal | Compartment::Payment => unreachable!(),
    };
    let address = FileAddress { case: requester.case, compartment, epoch: 1, file };
    let (mut sealer, seal_header) = FileSealer::new(key, &address).unwrap();
    let pieces: Vec<_> = content.chunks(FILE_CHUNK_LEN).collect();
    let last = pieces.len() - 1;
    let chunks =
        pieces.iter().enumerate().map(|(at, piece)| sealer.seal_chunk(piece, at == last).unwrap()).collect();
    let name = format!("file.{file}");
    let header = FileHeader {
        request_id: fresh(),
        case_id: requester.case.to_string(),
        file_id: file.to_string(),
        compartment: wire.into(),
        epoch: 1,
        description: Some(requester.seal(compartment, key, (&name, 1, 1), "photo.jpg, 5 bytes")),
        seal_header,
    };
    Sealed { header, chunks }
}

fn messages(header: FileHeader, chunks: &[Vec<u8>]) -> Vec<Result<UploadFileRequest, Status>> {
    let parts = std::iter::once(Part::Header(header)).chain(chunks.iter().cloned().map(Part::Chunk));
    parts.map(|part| Ok(UploadFileRequest { part: Some(part) })).collect()
}

async fn upload(
    world: &World,
    caller: &Caller,
    messages: Vec<Result<UploadFileRequest, Status>>,
) -> Result<UploadFileResponse, Status> {
    world.intake.receive_file(caller, stream::iter(messages)).await
}

async fn download(
    world: &World,
    caller: Caller,
    file_id: &str,
) -> Result<(StoredFile, Vec<Vec<u8>>), Status> {
    let case_id = case_for(world, &caller).await;
    let request = DownloadFileRequest { case_id, file_id: file_id.to_owned() };
    let mut stream = world.api.download_file(from(caller, request)).await?.into_inner();
    let mut header = None;
    let mut chunks = Vec::new();
    while let Some(message) = stream.next().await {
        match message?.part.unwrap() {
            download_file_response::Part::Header(stored) => header = Some(stored),
            download_file_response::Part::Chunk(chunk) => chunks.push(chunk),
        }
    }
    Ok((header.unwrap(), chunks))
}

/// Staff name the first case there is; a receipt needs none.
async fn case_for(world: &World, caller: &Caller) -> String {
    if matches!(caller, Caller::Receipt(_)) {
        return String::new();
    }
    let rows = world
        .sandbox
        .database
        .fetch_all(flare_store::sql("SELECT case_id FROM requests ORDER BY received"))
        .await;
    rows.unwrap()[0].text("case_id").unwrap()
}

/// The objects in the store, each with its length.
fn objects(world: &World) -> Vec<u64> {
    let mut folders = vec![world.folder.path().to_owned()];
    let mut lengths = Vec::new();
    // What is deleted while this looks is not there.
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(found) if found.is_dir() => folders.push(entry.path()),
                Ok(found) => lengths.push(found.len()),
                Err(_gone) => {}
            }
        }
    }
    lengths
}

on_both_engines!(a_file_comes_back_chunk_by_chunk_and_opens, crate::SCHEMA);
async fn a_file_comes_back_chunk_by_chunk_and_opens(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let content = vec![0x5a; FILE_CHUNK_LEN * 70 + 5];
    let sealed = seal(&requester, Compartment::Thread, &content);
    let reply =
        upload(&world, &requester.caller(), messages(sealed.header.clone(), &sealed.chunks)).await.unwrap();
    assert_eq!(reply.size, i64::try_from(sealed.chunks.iter().map(Vec::len).sum::<usize>()).unwrap());
    assert_eq!(objects(&world).len(), 2, "two parts: 64 chunks and the rest");

    for caller in [requester.caller(), officer()] {
        let (stored, chunks) = download(&world, caller, &sealed.header.file_id).await.unwrap();
        assert!(chunks == sealed.chunks, "the chunks are not those that were sent");
        assert_eq!((stored.size, stored.author.as_str()), (reply.size, "requester"));
        let address = FileAddress {
            case: requester.case,
            compartment: Compartment::Thread,
            epoch: 1,
            file: stored.file_id.parse().unwrap(),
        };
        let mut opener = FileOpener::new(&requester.thread_key, &address, &stored.seal_header).unwrap();
        let last = chunks.len() - 1;
        let whole: Vec<u8> = chunks
            .iter()
            .enumerate()
            .flat_map(|(at, chunk)| opener.open_chunk(chunk, at == last).unwrap().expose().clone())
            .collect();
        assert!(whole == content, "the file is another one");
    }
}

on_both_engines!(an_upload_repeated_is_one_file, crate::SCHEMA);
async fn an_upload_repeated_is_one_file(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let sealed = seal(&requester, Compartment::Thread, b"a photograph");
    let good = || messages(sealed.header.clone(), &sealed.chunks);
    let first = upload(&world, &requester.caller(), good()).await.unwrap();
    assert_eq!(upload(&world, &requester.caller(), good()).await.unwrap(), first);
    // A repetition seals afresh, and the header says nothing of what is in the chunks.
    let resealed = FileHeader { seal_header: vec![1; 17], ..sealed.header.clone() };
    assert_eq!(upload(&world, &requester.caller(), messages(resealed, &sealed.chunks)).await.unwrap(), first);
    let other = FileHeader { request_id: fresh(), ..sealed.header.clone() };
    let refused = upload(&world, &requester.caller(), messages(other, &sealed.chunks)).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::AlreadyExists, "FILE_ID_REUSED"));
    assert_eq!((objects(&world).len(), world.count("SELECT file_id FROM files").await), (1, 1));

    // Two at once: one is attached, and what the other stored is gone.
    let sealed = seal(&requester, Compartment::Thread, b"another photograph");
    let good = || messages(sealed.header.clone(), &sealed.chunks);
    let caller = requester.caller();
    let (one, two) = futures::join!(upload(&world, &caller, good()), upload(&world, &caller, good()));
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!((objects(&world).len(), world.count("SELECT file_id FROM files").await), (2, 2));
}

on_both_engines!(an_upload_that_breaks_or_breaks_a_rule_leaves_nothing, crate::SCHEMA);
async fn an_upload_that_breaks_or_breaks_a_rule_leaves_nothing(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let full = || vec![7; SEALED_FILE_CHUNK_LEN];
    let good = || seal(&requester, Compartment::Thread, b"a photograph").header;
    let with = |change: fn(&mut FileHeader)| {
        let mut header = good();
        change(&mut header);
        messages(header, &[vec![1; 80]])
    };
    let mut broken = messages(good(), &vec![full(); 70]);
    broken.push(Err(Status::cancelled("the line broke")));
    assert_eq!(upload(&world, &requester.caller(), broken).await.unwrap_err().code(), Code::Cancelled);
    let header_twice = [messages(good(), &[]), messages(good(), &[])].into_iter().flatten().collect();
    for (sent, expected) in [
        (Vec::new(), "header"),
        (messages(good(), &[vec![1; 80]]).split_off(1), "header"),
        (header_twice, "chunk"),
        (messages(good(), &[]), "chunk"),
        (messages(good(), &[Vec::new()]), "chunk"),
        (messages(good(), &[vec![1; 80], vec![1; 80]]), "chunk"),
        (messages(good(), &[vec![1; SEALED_FILE_CHUNK_LEN + 1]]), "chunk"),
        (with(|header| header.file_id = "file_5".to_owned()), "header.file_id"),
        (with(|header| header.compartment = WireCompartment::Notes.into()), "header.compartment"),
        (with(|header| header.description = None), "header.description"),
        (with(|header| header.epoch = 2), "header.description.epoch"),
        (with(|header| header.seal_header.truncate(3)), "header.seal_header"),
        (with(|header| header.request_id = String::new()), "request_id"),
    ] {
        assert_eq!(field(&upload(&world, &requester.caller(), sent).await.unwrap_err()), expected);
    }
    let large = vec![full(); 1_600];
    let refused = upload(&world, &requester.caller(), messages(good(), &large)).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "FILE_TOO_LARGE"));
    assert_eq!((objects(&world), world.count("SELECT file_id FROM files").await), (Vec::new(), 0));
}

on_both_engines!(nothing_is_awaited_of_a_caller_who_proves_nothing, crate::SCHEMA);
async fn nothing_is_awaited_of_a_caller_who_proves_nothing(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let silent =
        async |caller: Caller| world.intake.receive_file(&caller, stream::pending()).await.unwrap_err();
    assert_eq!(reason(&silent(Requester::draw().caller()).await), "UNKNOWN_RECEIPT");
    let Caller::Receipt(mut claim) = requester.caller() else { unreachable!() };
    claim.proof = flare_seal::Sensitive::new([0; 32]);
    assert_eq!(reason(&silent(Caller::Receipt(claim)).await), "UNKNOWN_RECEIPT");
    assert_eq!(reason(&silent(Caller::Anonymous).await), "NOT_ALLOWED");
}

/// An upload that never ends, until its first part is stored.
async fn begin(world: &World, caller: &Caller, header: FileHeader) -> LocalBoxFuture<'static, ()> {
    let before = objects(world).len();
    let sent = stream::iter(messages(header, &vec![vec![7; SEALED_FILE_CHUNK_LEN]; 65]));
    let (intake, caller) = (Arc::clone(&world.intake), caller.clone());
    let mut receiving: LocalBoxFuture<'static, ()> = Box::pin(async move {
        drop(intake.receive_file(&caller, sent.chain(stream::pending())).await);
    });
    while objects(world).len() == before {
        assert!(futures::poll!(receiving.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    receiving
}

on_both_engines!(an_upload_whose_caller_hangs_up_leaves_nothing, crate::SCHEMA);
async fn an_upload_whose_caller_hangs_up_leaves_nothing(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let begun = begin(&world, &requester.caller(), seal(&requester, Compartment::Thread, b"x").header).await;
    assert_eq!(objects(&world).len(), 1);
    drop(begun);
    while !objects(&world).is_empty() {
        tokio::task::yield_now().await;
    }
}

on_both_engines!(uploads_under_way_count_for_their_case, crate::SCHEMA);
async fn uploads_under_way_count_for_their_case(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let (requester, other) = (world.requester().await, world.requester().await);
    let mut begun = Vec::new();
    for _ in 0..4 {
        let header = seal(&requester, Compartment::Thread, b"x").header;
        begun.push(begin(&world, &requester.caller(), header).await);
    }
    let send = async |who: &Requester| {
        let sealed = seal(who, Compartment::Thread, b"a photograph");
        upload(&world, &who.caller(), messages(sealed.header, &sealed.chunks)).await
    };
    let refused = send(&requester).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::ResourceExhausted, "TOO_MANY_UPLOADS"));
    assert!(send(&other).await.is_ok(), "another case has its own");
    begun.pop();
    // The files that are there leave no room beside the three parts that are on their way.
    let room = "UPDATE files SET size = 1073741824 - 3 * 4195328 - 10";
    assert_eq!(SEALED_FILE_CHUNK_LEN * 64, 4_195_328);
    assert!(send(&requester).await.is_ok());
    world.sandbox.database.write(super::lists::Run(room)).await.unwrap();
    let refused = send(&requester).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::ResourceExhausted, "CASE_FILES_FULL"));
    begun.clear();
    assert!(send(&requester).await.is_ok());
}

on_both_engines!(a_full_disk_takes_answers_and_no_files, crate::SCHEMA);
async fn a_full_disk_takes_answers_and_no_files(sandbox: Sandbox) {
    let mut world = World::new(sandbox);
    let requester = world.requester().await;
    let files = LocalFileSystem::new_with_prefix(world.folder.path()).unwrap();
    let key = Arc::new(ServiceKey::from_bytes([0x5e; 32]));
    let intake = Intake::new(world.sandbox.database.clone(), key, Arc::new(files));
    world.intake = Arc::new(intake.keeping_free(1_000, Arc::new(|| Some(999))));
    let sealed = seal(&requester, Compartment::Thread, b"a photograph");
    let refused =
        upload(&world, &requester.caller(), messages(sealed.header, &sealed.chunks)).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Unavailable, "FILES_UNAVAILABLE"));
    assert!(objects(&world).is_empty());
    world.requester().await;
}

on_both_engines!(parts_stay_when_nobody_knows_whether_their_file_is_attached, crate::SCHEMA);
async fn parts_stay_when_nobody_knows_whether_their_file_is_attached(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let sealed = seal(&requester, Compartment::Thread, b"a photograph");
    let database = world.sandbox.database.clone();
    let sent = stream::iter(messages(sealed.header, &sealed.chunks)).chain(
        // The database goes away after the last chunk, before the file is attached.
        stream::once(async move { database.close().await }).filter_map(|()| async { None }),
    );
    let sent = Box::pin(sent);
    let broken = world.intake.receive_file(&requester.caller(), sent).await.unwrap_err();
    assert_eq!(broken.code(), Code::Unavailable, "{broken:?}");
    assert_eq!(objects(&world).len(), 1);
}

on_both_engines!(a_file_is_sealed_under_the_newest_key, crate::SCHEMA);
async fn a_file_is_sealed_under_the_newest_key(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let key = CompartmentKey::generate().unwrap();
    let answers = AddAnswersRequest {
        request_id: fresh(),
        case_id: String::new(),
        answers: vec![requester.seal(Compartment::Request, &key, ("request.who", 2, 1), "me")],
        key: Some(requester.epoch(Compartment::Request, 2, &key, false)),
        ..AddAnswersRequest::default()
    };
    world.api.add_answers(from(requester.caller(), answers)).await.unwrap();
    let sealed = seal(&requester, Compartment::Request, b"a photograph");
    let refused = upload(&world, &officer(), messages(sealed.header, &sealed.chunks)).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Aborted, "OLD_KEY_EPOCH"));
}

on_both_engines!(a_case_holds_a_gibibyte_of_files, crate::SCHEMA);
async fn a_case_holds_a_gibibyte_of_files(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let sealed = seal(&requester, Compartment::Thread, b"a photograph");
    upload(&world, &requester.caller(), messages(sealed.header, &sealed.chunks)).await.unwrap();
    // As if the file that is there took all but the last few bytes.
    world.sandbox.database.write(super::lists::Run("UPDATE files SET size = 1073741800")).await.unwrap();
    let sealed = seal(&requester, Compartment::Thread, b"a photograph");
    let refused =
        upload(&world, &requester.caller(), messages(sealed.header, &sealed.chunks)).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::ResourceExhausted, "CASE_FILES_FULL"));
    assert_eq!(objects(&world).len(), 1);
}

on_both_engines!(a_receipt_opens_the_threads_files_and_no_others, crate::SCHEMA);
async fn a_receipt_opens_the_threads_files_and_no_others(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    world.sandbox.advance(Duration::from_secs(1));
    let elsewhere = world.requester().await;
    let mut ids = Vec::new();
    for compartment in [Compartment::Thread, Compartment::Request, Compartment::Thread] {
        let sealed = seal(&requester, compartment, b"a photograph");
        ids.push(sealed.header.file_id.clone());
        upload(&world, &officer(), messages(sealed.header, &sealed.chunks)).await.unwrap();
    }
    let list = async |caller: Caller, page_size, page_token: &str| {
        let case_id = case_for(&world, &caller).await;
        let request = ListFilesRequest { case_id, page_size, page_token: page_token.to_owned() };
        let page = world.api.list_files(from(caller, request)).await.unwrap().into_inner();
        (page.files.into_iter().map(|file| file.file_id).collect::<Vec<_>>(), page.next_page_token)
    };
    assert_eq!(list(officer(), 0, "").await, (ids.clone(), String::new()));
    let (first, token) = list(requester.caller(), 1, "").await;
    let (second, end) = list(requester.caller(), 1, &token).await;
    assert_eq!((first, second, end.as_str()), (vec![ids[0].clone()], vec![ids[2].clone()], ""));
    assert!(list(elsewhere.caller(), 0, "").await.0.is_empty());

    assert!(download(&world, requester.caller(), &ids[0]).await.is_ok());
    assert!(download(&world, officer(), &ids[1]).await.is_ok());
    let unknown = FileId::random().unwrap().to_string();
    for (caller, file) in
        [(requester.caller(), &ids[1]), (elsewhere.caller(), &ids[0]), (officer(), &unknown)]
    {
        assert_eq!(download(&world, caller, file).await.unwrap_err().code(), Code::NotFound);
    }
    let nowhere = FileHeader {
        case_id: CaseId::random().unwrap().to_string(),
        ..seal(&requester, Compartment::Thread, b"x").header
    };
    let refused = upload(&world, &officer(), messages(nowhere, &[vec![1; 80]])).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

on_both_engines!(what_a_crash_left_is_swept_after_a_day_and_nothing_else, crate::SCHEMA);
async fn what_a_crash_left_is_swept_after_a_day_and_nothing_else(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let sealed = seal(&requester, Compartment::Thread, b"a photograph");
    upload(&world, &requester.caller(), messages(sealed.header.clone(), &sealed.chunks)).await.unwrap();
    // The process was killed after the first part was stored.
    let lost = seal(&requester, Compartment::Thread, b"never ends").header;
    let upload = format!("{}/{}/{}-0011223344556677", requester.case, lost.file_id, NOW.as_micros());
    let left = world.folder.path().join(upload);
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join("00000"), [7; 9]).unwrap();
    std::fs::write(world.folder.path().join("not-ours"), "x").unwrap();
    let sweep = async || world.intake.sweep().await.unwrap();
    assert_eq!((sweep().await, objects(&world).len()), (0, 3));
    world.sandbox.advance(Duration::from_hours(24));
    assert_eq!(sweep().await, 0, "not before a day has passed");
    world.sandbox.advance(Duration::from_secs(1));
    let stop = CancellationToken::new();
    let (intake, stopped) = (Arc::clone(&world.intake), stop.clone());
    let sweeper = tokio::spawn(async move { intake.run_sweeper(stopped).await });
    while objects(&world).len() > 2 {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    sweeper.await.unwrap();
    assert_eq!(sweep().await, 0);
    assert!(download(&world, requester.caller(), &sealed.header.file_id).await.is_ok());
}

on_both_engines!(an_upload_slower_than_the_sweeper_is_refused, crate::SCHEMA);
async fn an_upload_slower_than_the_sweeper_is_refused(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let sealed = seal(&requester, Compartment::Thread, b"a photograph");
    let time = world.sandbox.time.clone();
    let sent = stream::iter(messages(sealed.header, &sealed.chunks)).inspect(move |message| {
        if matches!(message, Ok(UploadFileRequest { part: Some(Part::Chunk(_)) })) {
            time.advance(Duration::from_hours(13));
        }
    });
    let refused = world.intake.receive_file(&requester.caller(), sent).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::DeadlineExceeded, "UPLOAD_TOO_SLOW"));
    assert!(objects(&world).is_empty());
}

on_both_engines!(a_damaged_or_missing_part_is_told, crate::SCHEMA);
async fn a_damaged_or_missing_part_is_told(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let sealed = seal(&requester, Compartment::Thread, b"a photograph");
    upload(&world, &requester.caller(), messages(sealed.header.clone(), &sealed.chunks)).await.unwrap();
    world.sandbox.database.write(super::lists::Run("UPDATE files SET size = size + 1")).await.unwrap();
    let damaged = download(&world, requester.caller(), &sealed.header.file_id).await.unwrap_err();
    assert_eq!(damaged.code(), Code::DataLoss);
    std::fs::remove_dir_all(world.folder.path().join(requester.case.to_string())).unwrap();
    let missing = download(&world, requester.caller(), &sealed.header.file_id).await.unwrap_err();
    assert_eq!((missing.code(), reason(&missing).as_str()), (Code::Unavailable, "FILES_UNAVAILABLE"));
}
