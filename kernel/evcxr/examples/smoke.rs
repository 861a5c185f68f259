use std::time::Instant;
use tandem_cell::*;
use tandem_evcxr::*;
fn main() {
    let data = std::env::temp_dir().join("tandem-smoke");
    prepare(&data, &mut |t| println!("{t}")).unwrap();
    let t0 = Instant::now();
    let mut rust = Rust::start(RustConfig { directory: ".".into(), data }).unwrap();
    let (output, events) = Output::channel();
    let cells: Vec<String> = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap().split("\n---\n").map(str::to_owned).collect();
    for (n, code) in cells.iter().enumerate() {
        let t = Instant::now();
        let mut cell = Cell::new(CellId(n as u64 + 1), code.as_str());
        cell.allow_stdin = true;
        let interrupter = rust.interrupter();
        if code.contains("loop {}") { std::thread::spawn(move || { std::thread::sleep(std::time::Duration::from_millis(700)); interrupter.interrupt(); }); }
        let outcome = rust.execute(&cell, &output, &mut Unwatched);
        println!("== {:?} {code:?}  [{:?}]", t.elapsed(), t0.elapsed());
        std::thread::sleep(std::time::Duration::from_millis(30));
        while let Ok(e) = events.try_recv() {
            match e.kind { EventKind::Stream(s, b) => println!("   {} {s:?} {:?}", e.cell.0, String::from_utf8_lossy(&b)), k => println!("   {} {k:?}", e.cell.0) }
        }
        if let Outcome::Failed(e) = outcome { println!("   FAILED {} {}\n{}", e.name, e.value, e.traceback.join("\n")); }
    }
}
