//! Nothing that anybody sends stops the kernel: after each attack a well-behaved client is
//! served as before.

mod client;

use bytes::Bytes;
use client::{Client, Kernel, parent, text, types};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

const SHELL: u16 = 1;
const IOPUB: u16 = 4;

async fn is_served(client: &mut Client) {
    let (reply, published) = client.run("print served").await;
    assert_eq!(reply["content"]["status"], "ok");
    assert_eq!(text(&published, "stdout"), "served\n");
}

#[tokio::test]
async fn forged_repeated_and_malformed_messages_are_dropped() {
    let kernel = Kernel::start();
    let mut client = kernel.client().await;
    let execute = json!({"code": "print never", "silent": false});
    let (forged, mut frames) = client.request("execute_request", &execute);
    frames[1] = Bytes::from("0".repeat(64));
    client.send(frames).await;
    let (unsigned, mut frames) = client.request("execute_request", &execute);
    frames[1] = Bytes::new();
    client.send(frames).await;
    let header = json!({"msg_id": "1"}).to_string();
    let empty = "{}".to_owned();
    for parts in [
        ["{".to_owned(), empty.clone(), empty.clone(), empty.clone()],
        [header, empty.clone(), empty.clone(), empty.clone()],
        [
            "\u{0}".to_owned(),
            "[]".to_owned(),
            "1".to_owned(),
            "null".to_owned(),
        ],
    ] {
        let frames = client.signed(&parts);
        client.send(frames).await;
    }
    client.send(vec![Bytes::from_static(b"<IDS|MSG>")]).await;
    client.send(vec![Bytes::from_static(b"noise")]).await;
    client.send(vec![Bytes::new(); 1000]).await;
    let (twice, frames) = client.request("execute_request", &execute);
    client.send(frames.clone()).await;
    client.send(frames).await;
    let reply = client.reply_to(&twice).await;
    assert_eq!(reply["content"]["execution_count"], 1, "a forged cell ran");
    // The next reply is not to the repeated message.
    let (reply, _) = client.run("print served").await;
    assert_eq!(
        reply["content"]["execution_count"], 2,
        "a repeated cell ran"
    );
    let seen = client.published(&twice).await;
    assert_eq!(types(&seen), "execute_input stream");
    assert!(
        seen.iter()
            .all(|message| parent(message) != forged && parent(message) != unsigned)
    );
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_answered_with_the_reason() {
    let kernel = Kernel::start();
    let mut client = kernel.client().await;
    let id = client
        .ask("execute_request", json!({"silent": false}))
        .await;
    let reply = client.reply_to(&id).await;
    assert_eq!(reply["header"]["msg_type"], "execute_reply");
    assert_eq!(reply["content"]["status"], "error");
    let why = reply["content"]["evalue"].as_str().unwrap();
    assert!(why.contains("code"), "{why}");
    let id = client.ask("no_such_request", json!({})).await;
    let reply = client.reply_to(&id).await;
    assert_eq!(reply["header"]["msg_type"], "no_such_reply");
    assert_eq!(reply["content"]["status"], "error");
    is_served(&mut client).await;
}

/// Opens a connection as ZeroMQ does; the kernel's greeting is read.
async fn greeted(kernel: &Kernel, port: u16) -> UnixStream {
    let mut stream = UnixStream::connect(kernel.socket(port)).await.unwrap();
    let mut greeting = [0; 64];
    greeting[0] = 0xff;
    greeting[9] = 0x7f;
    greeting[10] = 3;
    greeting[12..16].copy_from_slice(b"NULL");
    stream.write_all(&greeting).await.unwrap();
    stream.read_exact(&mut greeting).await.unwrap();
    stream
}

/// Whether the kernel closes the connection, whatever it sends before.
async fn is_closed(mut stream: UnixStream) {
    let closed = async {
        let mut sent = [0; 1024];
        while stream.read(&mut sent).await.is_ok_and(|read| read > 0) {}
    };
    let closed = tokio::time::timeout(Duration::from_secs(60), closed).await;
    closed.expect("the connection is still open");
}

#[tokio::test]
async fn connections_that_are_not_a_clients_are_closed() {
    let kernel = Kernel::start();
    let mut client = kernel.client().await;
    for port in 1..=5 {
        let mut browser = UnixStream::connect(kernel.socket(port)).await.unwrap();
        browser.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        is_closed(browser).await;
        // A frame of 2^60 bytes, which no machine has room for.
        let mut giant = greeted(&kernel, port).await;
        let announcement = [&[2][..], &(1u64 << 60).to_be_bytes()].concat();
        giant.write_all(&announcement).await.unwrap();
        is_closed(giant).await;
        let mut unknown = greeted(&kernel, port).await;
        unknown.write_all(&[0xf0, 0]).await.unwrap();
        is_closed(unknown).await;
        // Those that only stay, or go in the middle of a word, do no harm.
        let _silent = UnixStream::connect(kernel.socket(port)).await.unwrap();
        let mut leaving = greeted(&kernel, port).await;
        leaving.write_all(&[4, 200, 5]).await.unwrap();
        drop(leaving);
    }
    is_served(&mut client).await;
}

#[tokio::test]
async fn a_message_of_many_megabytes_ends_only_its_own_connection() {
    let kernel = Kernel::start();
    let mut client = kernel.client().await;
    let mut greedy = greeted(&kernel, SHELL).await;
    let ready = [
        &[4, 26, 5][..],
        b"READY\x0bSocket-Type\x00\x00\x00\x06DEALER",
    ]
    .concat();
    let ready = [&[4, (ready.len() - 2) as u8][..], &ready[2..]].concat();
    greedy.write_all(&ready).await.unwrap();
    // Each frame is allowed; the message never ends.
    let frame = [&[3][..], &(1u64 << 20).to_be_bytes(), &vec![0; 1 << 20]].concat();
    let mut sent = 0;
    while greedy.write_all(&frame).await.is_ok() {
        sent += 1;
        assert!(sent < 100, "a message of 100 MiB was taken");
    }
    is_served(&mut client).await;
}

#[tokio::test]
async fn a_subscriber_that_does_not_read_does_not_stop_the_output() {
    let kernel = Kernel::start();
    let mut client = kernel.client().await;
    let mut sleeping = greeted(&kernel, IOPUB).await;
    let properties = b"\x05READY\x0bSocket-Type\x00\x00\x00\x03SUB";
    let ready = [&[4, properties.len() as u8][..], properties].concat();
    sleeping.write_all(&ready).await.unwrap();
    sleeping.write_all(&[0, 1, 1]).await.unwrap();
    // The kernel has heard of it: everybody sees the welcome.
    client
        .until(|message| message["header"]["msg_type"] == "iopub_welcome")
        .await;
    for _ in 0..3 {
        let (reply, published) = client.run("lines 400000").await;
        assert_eq!(reply["content"]["status"], "ok");
        assert!(text(&published, "stdout").ends_with("line 399999\n"));
    }
    drop(sleeping);
    is_served(&mut client).await;
}

#[tokio::test]
async fn a_client_that_leaves_while_its_cell_asks_does_not_hold_the_others_up() {
    let kernel = Kernel::start();
    let mut client = kernel.client().await;
    let mut leaving = kernel.client().await;
    let asking = json!({"code": "ask anybody", "silent": false, "allow_stdin": true});
    let id = leaving.ask("execute_request", asking).await;
    leaving.question().await;
    drop(leaving);
    let waiting = client.execute("print served").await;
    client.ask_control("interrupt_request", json!({})).await;
    assert_eq!(client.reply_to(&waiting).await["content"]["status"], "ok");
    assert_eq!(text(&client.published(&id).await, "stdout"), "nobody\n");
}
