//! What a user sees of cells: order, numbers, output, input, errors, interrupts, the end.

mod client;

use client::{Kernel, msg_type, parent, text, types};
use serde_json::json;
use std::sync::Arc;
use tandem_jupyter::Exit;

#[tokio::test]
async fn a_cell_shows_its_output_in_order_before_its_reply() {
    let kernel = Kernel::start();
    let mut client = kernel.client().await;
    let code = "print one\nwarn two\nprint three\nvalue 42";
    let (reply, published) = client.run(code).await;
    assert_eq!(reply["content"]["status"], "ok");
    assert_eq!(
        reply["content"]["execution_count"], 1,
        "the first cell is In[1]"
    );
    assert_eq!(
        types(&published),
        "execute_input stream stream stream execute_result"
    );
    assert_eq!(
        published[0]["content"],
        json!({"code": code, "execution_count": 1})
    );
    assert_eq!(
        published[2]["content"],
        json!({"name": "stderr", "text": "two\n"})
    );
    assert_eq!(published[4]["content"]["data"], json!({"text/plain": "42"}));
    assert_eq!(published[4]["content"]["execution_count"], 1);
}

#[tokio::test]
async fn cells_that_do_not_count_leave_the_numbers_alone() {
    let kernel = Kernel::start();
    let mut client = kernel.client().await;
    let silent = json!({"code": "print seen\nvalue unseen", "silent": true});
    let id = client.ask("execute_request", silent).await;
    client.reply_to(&id).await;
    assert_eq!(types(&client.published(&id).await), "stream");
    let unstored = json!({"code": "value 1", "silent": false, "store_history": false});
    let id = client.ask("execute_request", unstored).await;
    client.reply_to(&id).await;
    assert_eq!(
        types(&client.published(&id).await),
        "execute_input execute_result"
    );
    let (reply, _) = client.run("print counted").await;
    assert_eq!(reply["content"]["execution_count"], 1);
    let (reply, _) = client.run("print counted").await;
    assert_eq!(reply["content"]["execution_count"], 2);
}

#[tokio::test]
async fn many_small_writes_become_few_messages_and_none_is_late() {
    let kernel = Kernel::start();
    let mut client = kernel.client().await;
    let (_, published) = client.run("lines 100000\nfail at the end").await;
    let expected: String = (0..100_000)
        .map(|number| format!("line {number}\n"))
        .collect();
    assert!(
        text(&published, "stdout") == expected,
        "lines were lost or moved"
    );
    assert!(published.len() < 1000, "{} messages", published.len());
    assert_eq!(msg_type(published.last().unwrap()), "error");
}

#[tokio::test]
async fn an_error_stops_the_cells_that_were_sent_with_it() {
    let kernel = Kernel::start();
    let mut client = kernel.client().await;
    let failing = client.execute("wait").await;
    let queued = [
        client.execute("print no").await,
        client.execute("print no").await,
    ];
    // Shell is read in order: with this answer, the cells before it are in the queue.
    let is_complete = client.ask("is_complete_request", json!({"code": ""})).await;
    client.reply_to(&is_complete).await;
    client
        .until(|message| text(std::slice::from_ref(message), "stdout") == "waiting\n")
        .await;
    client.ask_control("interrupt_request", json!({})).await;
    let reply = client.reply_to(&failing).await;
    assert_eq!(reply["content"]["status"], "error");
    for id in queued {
        let reply = client.reply_to(&id).await;
        assert_eq!(reply["content"]["status"], "aborted");
        assert_eq!(types(&client.published(&id).await), "", "it ran");
    }
    let (reply, published) = client.run("print again").await;
    assert_eq!(reply["content"]["execution_count"], 2);
    assert_eq!(text(&published, "stdout"), "again\n");
}

#[tokio::test]
async fn cells_after_an_error_run_where_the_client_wants_it() {
    let kernel = Kernel::start();
    let mut client = kernel.client().await;
    let going_on = json!({"code": "wait", "silent": false, "stop_on_error": false});
    let failing = client.ask("execute_request", going_on).await;
    let queued = client.execute("print yes").await;
    let is_complete = client.ask("is_complete_request", json!({"code": ""})).await;
    client.reply_to(&is_complete).await;
    client
        .until(|message| text(std::slice::from_ref(message), "stdout") == "waiting\n")
        .await;
    client.ask_control("interrupt_request", json!({})).await;
    assert_eq!(
        client.reply_to(&failing).await["content"]["status"],
        "error"
    );
    assert_eq!(client.reply_to(&queued).await["content"]["status"], "ok");
    assert_eq!(text(&client.published(&queued).await, "stdout"), "yes\n");
}

#[tokio::test]
async fn an_error_is_told_once_and_with_all_its_fields() {
    let kernel = Kernel::start();
    let mut client = kernel.client().await;
    let (reply, published) = client
        .run("print before\nfail on purpose\nprint after")
        .await;
    assert_eq!(types(&published), "execute_input stream error");
    let error = &published[2]["content"];
    assert_eq!(error["ename"], "Failure");
    assert_eq!(error["evalue"], "on purpose");
    for field in ["ename", "evalue", "traceback"] {
        assert_eq!(reply["content"][field], error[field]);
    }
}

#[tokio::test]
async fn questions_are_answered_while_a_cell_runs() {
    let kernel = Kernel::start();
    let mut client = kernel.client().await;
    let running = client.execute("wait").await;
    client
        .until(|message| text(std::slice::from_ref(message), "stdout") == "waiting\n")
        .await;
    for (request, content, field, expected) in [
        (
            "kernel_info_request",
            json!({}),
            "protocol_version",
            json!("5.5"),
        ),
        (
            "complete_request",
            json!({"code": "é pri", "cursor_pos": 5}),
            "matches",
            json!(["print"]),
        ),
        (
            "inspect_request",
            json!({"code": "print", "cursor_pos": 2}),
            "found",
            json!(true),
        ),
        (
            "is_complete_request",
            json!({"code": "print ..."}),
            "indent",
            json!("  "),
        ),
        ("comm_info_request", json!({}), "comms", json!({})),
        (
            "history_request",
            json!({"hist_access_type": "tail", "n": 9}),
            "history",
            json!([[1, 1, "wait"]]),
        ),
    ] {
        let id = client.ask(request, content).await;
        let reply = client.reply_to(&id).await;
        assert_eq!(msg_type(&reply), request.replace("request", "reply"));
        assert_eq!(reply["content"][field], expected, "{reply}");
        assert_eq!(client.published(&id).await, [] as [serde_json::Value; 0]);
    }
    let id = client.ask_control("kernel_info_request", json!({})).await;
    let info = client.control_reply().await;
    assert_eq!(parent(&info), id);
    assert_eq!(info["content"]["supported_features"], json!([]));
    assert_eq!(
        info["content"]["language_info"]["mimetype"],
        "text/x-rustsrc"
    );
    client.ask_control("interrupt_request", json!({})).await;
    assert_eq!(msg_type(&client.control_reply().await), "interrupt_reply");
    let reply = client.reply_to(&running).await;
    assert_eq!(reply["content"]["ename"], "KeyboardInterrupt");
}

#[tokio::test]
async fn late_output_belongs_to_the_cell_that_started_it() {
    let kernel = Kernel::start();
    let mut client = kernel.client().await;
    let first = client.execute("later from the first").await;
    client.reply_to(&first).await;
    assert_eq!(text(&client.published(&first).await, "stdout"), "");
    let second = client.execute("print one\nnow\nprint two").await;
    client.reply_to(&second).await;
    let late = client.until(|message| parent(message) == first).await;
    assert_eq!(late["content"]["text"], "from the first\n");
    assert_eq!(
        text(&client.published(&second).await, "stdout"),
        "one\ntwo\n"
    );
}

#[tokio::test]
async fn text_survives_being_cut_inside_a_character() {
    let kernel = Kernel::start();
    let mut client = kernel.client().await;
    // An e with an acute accent and a G clef in pieces, a byte that is no text, and the start
    // of a euro sign that never goes on.
    let code = "bytes c3\nbytes a9f09d\nwarn between\nbytes 849e\nbytes ff41\nbytes e282";
    let (_, published) = client.run(code).await;
    assert_eq!(text(&published, "stdout"), "é𝄞\u{fffd}A\u{fffd}");
    assert_eq!(text(&published, "stderr"), "between\n");
}

#[tokio::test]
async fn input_is_asked_for_and_answered() {
    let kernel = Kernel::start();
    let mut client = kernel.client().await;
    let allowed = |code| json!({"code": code, "silent": false, "allow_stdin": true});
    let id = client
        .ask("execute_request", allowed("ask your name\npassword secret"))
        .await;
    let question = client.question().await;
    assert_eq!(parent(&question), id);
    let content = json!({"prompt": "your name", "password": false});
    assert_eq!(question["content"], content);
    client.answer("Ada", Some(&question)).await;
    let second = client.question().await;
    assert_eq!(second["content"]["password"], true);
    // One that comes too late for its question is not the answer to the next.
    client.answer("too late", Some(&question)).await;
    client.answer("1234", None).await;
    client.reply_to(&id).await;
    assert_eq!(
        text(&client.published(&id).await, "stdout"),
        "got Ada\ngot 1234\n"
    );
}

#[tokio::test]
async fn nobody_is_asked_where_nobody_can_answer() {
    let kernel = Kernel::start();
    let mut client = kernel.client().await;
    let (_, published) = client.run("ask anybody").await;
    assert_eq!(text(&published, "stdout"), "nobody\n");
    let allowed = json!({"code": "ask me", "silent": false, "allow_stdin": true});
    let id = client.ask("execute_request", allowed).await;
    client.question().await;
    client.ask_control("interrupt_request", json!({})).await;
    client.reply_to(&id).await;
    assert_eq!(text(&client.published(&id).await, "stdout"), "nobody\n");
}

#[tokio::test]
async fn displays_can_be_named_updated_and_cleared() {
    let kernel = Kernel::start();
    let mut client = kernel.client().await;
    let code = "display - plain\ndisplay bar 10 %\nupdate bar 20 %\nclear wait\nclear";
    let (_, published) = client.run(code).await;
    let expected = "execute_input display_data display_data update_display_data \
                    clear_output clear_output";
    assert_eq!(types(&published), expected);
    assert_eq!(published[1]["content"]["transient"], json!({}));
    assert_eq!(
        published[2]["content"]["transient"],
        json!({"display_id": "bar"})
    );
    assert_eq!(
        published[3]["content"]["transient"],
        json!({"display_id": "bar"})
    );
    assert_eq!(
        published[3]["content"]["data"],
        json!({"text/plain": "20 %"})
    );
    assert_eq!(published[4]["content"], json!({"wait": true}));
    assert_eq!(published[5]["content"], json!({"wait": false}));
}

#[tokio::test]
async fn a_reply_carries_pages_and_user_expressions() {
    let kernel = Kernel::start();
    let mut client = kernel.client().await;
    let id = client
        .ask(
            "execute_request",
            json!({"code": "page the manual", "silent": false,
                "user_expressions": {"good": "1 + 1", "bad": "fail"}}),
        )
        .await;
    let reply = client.reply_to(&id).await;
    let content = &reply["content"];
    let page = json!([{"source": "page", "data": {"text/plain": "the manual"}, "start": 0}]);
    assert_eq!(content["payload"], page);
    assert_eq!(
        content["user_expressions"]["good"]["data"],
        json!({"text/plain": "1 + 1"})
    );
    assert_eq!(content["user_expressions"]["good"]["status"], "ok");
    assert_eq!(content["user_expressions"]["bad"]["status"], "error");
    assert_eq!(content["user_expressions"]["bad"]["ename"], "Failure");
}

#[tokio::test]
async fn a_panic_of_the_language_fails_the_cell_and_not_the_kernel() {
    let kernel = Kernel::start();
    let mut client = kernel.client().await;
    let (reply, _) = client.run("panic").await;
    assert_eq!(reply["content"]["ename"], "InternalError");
    let (reply, _) = client.run("print alive").await;
    assert_eq!(reply["content"]["status"], "ok");
}

#[tokio::test]
async fn widgets_can_talk_to_the_kernel() {
    let kernel = Kernel::start();
    let mut client = kernel.client().await;
    for target in ["unknown", "refuse"] {
        let open = json!({"comm_id": target, "target_name": target, "data": {}});
        let id = client.ask("comm_open", open).await;
        let published = client.published(&id).await;
        assert_eq!(types(&published), "comm_close");
        assert_eq!(published[0]["content"]["comm_id"], target);
    }
    let open = json!({"comm_id": "1", "target_name": "echo", "data": {"hello": 1}});
    let id = client.ask("comm_open", open).await;
    let published = client.published(&id).await;
    let echoed = json!({"comm_id": "1", "data": {"hello": 1}});
    assert_eq!(published[0]["content"], echoed);
    let info = client
        .ask("comm_info_request", json!({"target_name": "echo"}))
        .await;
    let comms = client.reply_to(&info).await["content"]["comms"].clone();
    assert_eq!(comms, json!({"1": {"target_name": "echo"}}));
    let (id, mut frames) = client.request("comm_msg", &json!({"comm_id": "1", "data": {}}));
    frames.push("binary".into());
    client.send(frames).await;
    let published = client.published(&id).await;
    assert_eq!(published[0]["buffers"], json!(["binary"]));
    let close = json!({"comm_id": "1", "data": {"close": true}});
    let id = client.ask("comm_msg", close).await;
    assert_eq!(types(&client.published(&id).await), "comm_close");
    let info = client.ask("comm_info_request", json!({})).await;
    assert_eq!(client.reply_to(&info).await["content"]["comms"], json!({}));
}

#[tokio::test]
async fn a_shutdown_is_answered_before_the_end_even_while_a_cell_runs() {
    for (restart, exit) in [(true, Exit::Restart), (false, Exit::Shutdown)] {
        let kernel = Kernel::start();
        let mut client = kernel.client().await;
        let running = client.execute("wait").await;
        client
            .until(|message| text(std::slice::from_ref(message), "stdout") == "waiting\n")
            .await;
        let id = client
            .ask_control("shutdown_request", json!({"restart": restart}))
            .await;
        let reply = client.control_reply().await;
        assert_eq!(
            reply["content"],
            json!({"status": "ok", "restart": restart})
        );
        assert_eq!(types(&client.published(&id).await), "shutdown_reply");
        let reply = client.reply_to(&running).await;
        assert_eq!(reply["content"]["ename"], "KeyboardInterrupt");
        client.published(&running).await;
        assert_eq!(kernel.ended().await.unwrap(), exit);
    }
}

#[tokio::test]
async fn history_is_kept_across_restarts() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    for session in 1..=2 {
        let kernel = Kernel::start_in(folder.clone());
        let mut client = kernel.client().await;
        client.run(&format!("value {session}")).await;
        let range = json!({"hist_access_type": "range", "session": 1, "output": true});
        let id = client.ask("history_request", range).await;
        let history = client.reply_to(&id).await["content"]["history"].clone();
        assert_eq!(history, json!([[1, 1, ["value 1", "1"]]]));
        let search = json!({"hist_access_type": "search", "pattern": "value*"});
        let id = client.ask("history_request", search).await;
        let found = client.reply_to(&id).await["content"]["history"].clone();
        assert_eq!(found.as_array().unwrap().len(), session);
        client
            .ask_control("shutdown_request", json!({"restart": true}))
            .await;
        assert_eq!(kernel.ended().await.unwrap(), Exit::Restart);
    }
}
