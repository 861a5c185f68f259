//! The crate `tandem` that every Rust cell can use: rich output, and (hidden) what the cells'
//! generated code needs. One dynamic library for all cells, so that thread pools, lock tables
//! and types are the same in each.

pub mod picture;

pub use picture::{COLOURS, Picture};
use std::collections::HashMap;
use std::ffi::c_void;

/// Shows `content` as the representation `mime` of a value, for example `"text/html"`,
/// `"image/svg+xml"`, `"text/markdown"`, or `"image/png"` in base64.
pub fn display(mime: &str, content: &str) {
    send(&[("type", "display"), ("mime", mime), ("content", content)]);
}

/// Shows a value in several representations, of which a front end chooses the richest that it
/// knows: MIME types and contents.
pub fn display_bundle(representations: &[(&str, &str)]) {
    let named: Vec<(String, &str)> = representations
        .iter()
        .map(|(mime, content)| (format!("mime:{mime}"), *content))
        .collect();
    let mut fields = vec![("type", "display")];
    fields.extend(named.iter().map(|(name, content)| (name.as_str(), *content)));
    send(&fields);
}

/// Like [`display`], under a name with which [`update_display`] finds it again.
pub fn display_as(id: &str, mime: &str, content: &str) {
    send(&[
        ("type", "display"),
        ("id", id),
        ("mime", mime),
        ("content", content),
    ]);
}

/// Replaces what was shown under `id`.
pub fn update_display(id: &str, mime: &str, content: &str) {
    send(&[
        ("type", "update"),
        ("id", id),
        ("mime", mime),
        ("content", content),
    ]);
}

/// Removes the cell's output; with `wait`, only when the next output comes.
pub fn clear_output(wait: bool) {
    send(&[("type", "clear"), ("wait", if wait { "yes" } else { "" })]);
}

fn send(fields: &[(&str, &str)]) {
    use std::io::Write;
    let _ = std::io::stdout().flush();
    let object: HashMap<&str, &str> = fields.iter().copied().collect();
    let text = serde_json::to_vec(&object).unwrap_or_default();
    type Message = unsafe extern "C" fn(*const u8, usize);
    // SAFETY: the worker that loads cells offers this function; elsewhere it is not found.
    unsafe {
        let found = dlsym(std::ptr::null_mut(), c"tandem_message".as_ptr());
        if !found.is_null() {
            let message: Message = std::mem::transmute(found);
            message(text.as_ptr(), text.len());
        }
    }
}

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const std::ffi::c_char) -> *mut c_void;
}

#[doc(hidden)]
pub mod runtime {
    //! What generated code calls. The names are those that evcxr writes.
    use super::*;
    use std::any::{Any, TypeId};
    use std::panic::AssertUnwindSafe;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Mutex, Once};

    /// The variables that live between cells.
    pub struct VariableStore {
        variables: HashMap<String, Box<dyn Any>>,
    }

    pub fn create_variable_store() -> *mut VariableStore {
        Box::into_raw(Box::new(VariableStore {
            variables: HashMap::new(),
        }))
    }

    /// The variables of a session; made for its first cell.
    pub fn variables(store: *mut u8) -> *mut VariableStore {
        match store.is_null() {
            true => create_variable_store(),
            false => store.cast(),
        }
    }

    /// Keeps a variable that a cell has defined. The name of this function's instance tells the
    /// kernel the type of the cell's variable number `N`.
    #[inline(never)]
    pub fn new_variable<T: 'static, const N: usize>(
        store: &mut VariableStore,
        name: &str,
        value: T,
    ) {
        store.put_variable(name, value);
    }

    impl VariableStore {
        // What is generic is compiled with every cell, and slowly: it is kept small.
        pub fn put_variable<T: 'static>(&mut self, name: &str, value: T) {
            self.put(name, Box::new(value));
        }

        fn put(&mut self, name: &str, value: Box<dyn Any>) {
            self.variables.insert(name.to_owned(), value);
        }

        pub fn check_variable<T: 'static>(&mut self, name: &str) -> bool {
            self.check(name, TypeId::of::<T>())
        }

        fn check(&mut self, name: &str, kind: TypeId) -> bool {
            let value = self.variables.get(name);
            let kept = value.is_none_or(|value| (**value).type_id() == kind);
            if !kept {
                send(&[("type", "lost"), ("name", name)]);
            }
            kept
        }

        pub fn take_variable<T: 'static>(&mut self, name: &str) -> T {
            let value = Box::into_raw(self.take(name, TypeId::of::<T>()));
            // SAFETY: `take` has compared the types.
            unsafe { *Box::from_raw(value.cast::<T>()) }
        }

        fn take(&mut self, name: &str, kind: TypeId) -> Box<dyn Any> {
            match self.variables.remove(name) {
                Some(value) if (*value).type_id() == kind => value,
                _ => panic!("the variable `{name}` is not there any more"),
            }
        }

        pub fn lazy_arc<T: 'static, F: FnOnce() -> T>(
            &mut self,
            name: &str,
            create: F,
        ) -> std::sync::Arc<T> {
            let value = self
                .variables
                .entry(name.to_owned())
                .or_insert_with(|| Box::new(std::sync::Arc::new(create())));
            match value.downcast_ref::<std::sync::Arc<T>>() {
                Some(value) => value.clone(),
                None => panic!("`{name}` has changed its type"),
            }
        }
    }

    thread_local! {
        /// Whether this thread runs the cell itself, as against a thread that it started.
        static RUNS_CELL: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    }

    static QUESTION_MARK: AtomicBool = AtomicBool::new(false);
    /// A cell runs: its threads' panics are told with its lines.
    static CELL_RUNS: AtomicBool = AtomicBool::new(false);

    /// A `?` ended the cell.
    pub fn user_error(error: &str) {
        failed(error, "", 0);
    }

    fn failed(error: &str, file: &str, line: u32) {
        QUESTION_MARK.store(true, Ordering::Relaxed);
        send(&[
            ("type", "question mark"),
            ("error", error),
            ("file", file),
            ("line", &line.to_string()),
        ]);
    }

    /// The error that ended a cell, and where its `?` stands.
    pub struct Failure {
        error: String,
        at: &'static std::panic::Location<'static>,
    }

    impl<E: std::fmt::Display> From<E> for Failure {
        // `?` calls this, and the caller's place is that of the `?`.
        #[track_caller]
        fn from(error: E) -> Failure {
            Failure {
                error: error.to_string(),
                at: std::panic::Location::caller(),
            }
        }
    }

    /// The variables after a cell with `?`; an error is told, and the worker restores what was.
    pub fn or_failure(ended: Result<*mut u8, Failure>) -> *mut u8 {
        ended.unwrap_or_else(|failure| {
            failed(&failure.error, failure.at.file(), failure.at.line());
            std::ptr::null_mut()
        })
    }

    /// Runs a future to its end on this thread, which sleeps until it is woken.
    pub fn block_on<F: std::future::Future>(future: F) -> F::Output {
        struct Unpark(std::thread::Thread);
        impl std::task::Wake for Unpark {
            fn wake(self: std::sync::Arc<Self>) {
                self.0.unpark();
            }
        }
        let mut future = std::pin::pin!(future);
        let waker = std::sync::Arc::new(Unpark(std::thread::current())).into();
        let mut context = std::task::Context::from_waker(&waker);
        loop {
            match future.as_mut().poll(&mut context) {
                std::task::Poll::Ready(value) => return value,
                std::task::Poll::Pending => std::thread::park(),
            }
        }
    }

    /// Runs a cell's code: 0 it ended well, 1 it panicked, 2 a `?` ended it. Not generic: compiled
    /// once, and not with every cell.
    pub fn run(store: *mut *mut c_void, code: fn(*mut c_void) -> *mut c_void) -> i32 {
        static HOOK: Once = Once::new();
        HOOK.call_once(install_hook);
        RUNS_CELL.set(true);
        CELL_RUNS.store(true, Ordering::Relaxed);
        QUESTION_MARK.store(false, Ordering::Relaxed);
        // SAFETY: the worker hands over its own pointer.
        let before = unsafe { *store };
        let result = std::panic::catch_unwind(AssertUnwindSafe(|| code(before)));
        {
            use std::io::Write;
            let _ = std::io::stdout().flush();
        }
        CELL_RUNS.store(false, Ordering::Relaxed);
        match result {
            Ok(after) => {
                // SAFETY: as above.
                unsafe { *store = after };
                if QUESTION_MARK.load(Ordering::Relaxed) {
                    2
                } else {
                    0
                }
            }
            Err(_) => 1,
        }
    }

    fn install_hook() {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let own = RUNS_CELL.get();
            if !own && !CELL_RUNS.load(Ordering::Relaxed) {
                return usual(info);
            }
            let message = match info.payload().downcast_ref::<&str>() {
                Some(text) => (*text).to_owned(),
                None => match info.payload().downcast_ref::<String>() {
                    Some(text) => text.clone(),
                    None => "a panic with a value that is no text".to_owned(),
                },
            };
            let (file, line) = info
                .location()
                .map(|at| (at.file().to_owned(), at.line().to_string()))
                .unwrap_or_default();
            let thread = std::thread::current();
            send(&[
                ("type", if own { "panic" } else { "thread panic" }),
                ("thread", thread.name().unwrap_or("<unnamed>")),
                ("message", &message),
                ("file", &file),
                ("line", &line),
            ]);
        }));
    }

    /// Copies of what rayon's worker threads are started with, so that a restored process,
    /// which has no threads but its first, can start them again.
    static POOL: Mutex<Vec<Worker>> = Mutex::new(Vec::new());

    struct Worker(std::mem::MaybeUninit<rayon::ThreadBuilder>);

    // SAFETY: a `ThreadBuilder` is made to be handed to another thread.
    unsafe impl Send for Worker {}

    /// Starts rayon's global pool in a way that can be repeated after a restore.
    pub fn start_pool() {
        static STARTED: Once = Once::new();
        STARTED.call_once(|| {
            let _ = rayon::ThreadPoolBuilder::new()
                .spawn_handler(|builder| {
                    // SAFETY: the copy is used only where the original's thread is gone.
                    let copy = unsafe { std::ptr::read(&raw const builder) };
                    POOL.lock()
                        .unwrap()
                        .push(Worker(std::mem::MaybeUninit::new(copy)));
                    spawn(builder)
                })
                .build_global();
        });
    }

    fn spawn(builder: rayon::ThreadBuilder) -> std::io::Result<()> {
        let name = format!("rayon {}", builder.index());
        std::thread::Builder::new()
            .name(name)
            .spawn(|| builder.run())
            .map(drop)
    }

    /// Called by the worker when a checkpoint has taken over. The pool's threads were asleep
    /// when the checkpoint was taken; their places are filled by new threads, which find the
    /// queues and the counters as they were.
    #[unsafe(no_mangle)]
    extern "C" fn tandem_restored() {
        for worker in POOL.lock().unwrap_or_else(|e| e.into_inner()).iter() {
            // SAFETY: the thread that ran with this builder does not exist in this process.
            let builder = unsafe { std::ptr::read(worker.0.as_ptr()) };
            let _ = spawn(builder);
        }
    }

    /// Shows the last value of a cell. Types with an `evcxr_display` of their own use that.
    pub trait Show {
        fn evcxr_display(&self);
    }

    impl<T: std::fmt::Debug + ?Sized> Show for T {
        fn evcxr_display(&self) {
            show_value(std::any::type_name::<T>(), &self);
        }
    }

    /// While it lives, a value shows itself, perhaps in the way that evcxr has defined: it prints
    /// representations between lines with markers. Only what is printed here is searched for
    /// them; elsewhere, output is never looked at.
    pub struct Showing(());

    impl Showing {
        pub fn begin() -> Showing {
            use std::io::Write;
            let _ = std::io::stdout().flush();
            // SAFETY: the worker offers this function; elsewhere it is not found.
            unsafe {
                let found = dlsym(std::ptr::null_mut(), c"tandem_collect".as_ptr());
                if !found.is_null() {
                    std::mem::transmute::<*mut c_void, extern "C" fn()>(found)();
                }
            }
            Showing(())
        }
    }

    impl Drop for Showing {
        fn drop(&mut self) {
            use std::io::Write;
            type Take = unsafe extern "C" fn(*mut c_void, *const u8, usize);
            unsafe extern "C" fn take(context: *mut c_void, bytes: *const u8, length: usize) {
                // SAFETY: called once, with the vector below and a valid slice.
                unsafe {
                    let bytes = std::slice::from_raw_parts(bytes, length);
                    (*context.cast::<Vec<u8>>()).extend_from_slice(bytes);
                }
            }
            let _ = std::io::stdout().flush();
            let mut printed: Vec<u8> = Vec::new();
            // SAFETY: as above.
            unsafe {
                let found = dlsym(std::ptr::null_mut(), c"tandem_collected".as_ptr());
                if found.is_null() {
                    return;
                }
                let collected: unsafe extern "C" fn(Take, *mut c_void) = std::mem::transmute(found);
                collected(take, (&raw mut printed).cast());
            }
            let (bundle, rest) = representations(&String::from_utf8_lossy(&printed));
            if !bundle.is_empty() {
                let fields = bundle.iter().map(|(mime, text)| (mime.as_str(), text.as_str()));
                send(&std::iter::once(("type", "result")).chain(fields).collect::<Vec<_>>());
            }
            let _ = std::io::stdout().write_all(rest.as_bytes());
            let _ = std::io::stdout().flush();
        }
    }

    /// The representations in what an `evcxr_display` has printed, as `mime:TYPE` and content, and
    /// the rest. The form: a line `EVCXR_BEGIN_CONTENT TYPE`, the content, a line
    /// `EVCXR_END_CONTENT`.
    fn representations(printed: &str) -> (Vec<(String, String)>, String) {
        let (mut bundle, mut rest) = (Vec::new(), String::new());
        let mut open: Option<(String, String)> = None;
        for line in printed.split_inclusive('\n') {
            let bare = line.trim_end();
            match (&mut open, bare.strip_prefix("EVCXR_BEGIN_CONTENT ")) {
                (None, Some(mime)) => {
                    open = Some((format!("mime:{}", mime.trim()), String::new()));
                }
                (Some(_), _) if bare == "EVCXR_END_CONTENT" => bundle.extend(open.take()),
                (Some((_, content)), _) => content.push_str(line),
                (None, None) => rest.push_str(line),
            }
        }
        if let Some((_, content)) = open {
            rest.push_str(&content);
        }
        for (_, content) in &mut bundle {
            content.truncate(content.trim_end_matches('\n').len());
        }
        (bundle, rest)
    }

    fn show_value(kind: &str, value: &dyn std::fmt::Debug) {
        if kind != "()" {
            show(&format!("{value:?}"));
        }
    }

    /// Shows a value that evcxr has written out itself; `()` is nothing to show.
    pub fn show_text(text: &str) {
        if text != "()" {
            show(text);
        }
    }

    fn show(text: &str) {
        send(&[
            ("type", "result"),
            ("mime", "text/plain"),
            ("content", text),
        ]);
    }

    /// Calls an exported function: JSON arguments in, `{"ok": result}` or `{"error": text}` out.
    pub fn call<E: std::fmt::Display>(
        arguments: *const std::ffi::c_char,
        function: impl FnOnce(serde_json::Value) -> Result<serde_json::Value, E>,
    ) -> *mut std::ffi::c_char {
        // SAFETY: the caller hands over a C string.
        let text = unsafe { std::ffi::CStr::from_ptr(arguments) }.to_string_lossy();
        let result = match serde_json::from_str(&text) {
            Ok(values) => std::panic::catch_unwind(AssertUnwindSafe(|| function(values)))
                .unwrap_or_else(|_| Ok(serde_json::json!({"tandem panic": true})))
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let answer = match result {
            Ok(value) if value.get("tandem panic").is_some() => {
                serde_json::json!({"error": "the Rust function panicked"})
            }
            Ok(value) => serde_json::json!({"ok": value}),
            Err(error) => serde_json::json!({"error": error}),
        };
        std::ffi::CString::new(answer.to_string())
            .unwrap_or_default()
            .into_raw()
    }

    #[unsafe(no_mangle)]
    extern "C" fn tandem_free(text: *mut std::ffi::c_char) {
        // SAFETY: made by `call`.
        drop(unsafe { std::ffi::CString::from_raw(text) });
    }

    /// Answers a question of the kernel about a value.
    pub fn answer<T: serde::Serialize>(value: &T) {
        match serde_json::to_string(value) {
            Ok(json) => send(&[("type", "answer"), ("json", &json)]),
            Err(error) => send(&[("type", "answer"), ("error", &error.to_string())]),
        }
    }
}
