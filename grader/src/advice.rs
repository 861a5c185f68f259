//! Advice on a submission's style: what is no fault, and what a reviewer would ask about.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// Advice on a text, each with its line; none where it does not parse.
pub fn on(text: &str) -> Vec<String> {
    let Ok(file) = syn::parse_file(text) else {
        return Vec::new();
    };
    let mut advisor = Advisor::default();
    advisor.visit_file(&file);
    let mut advice = Vec::new();
    if let (Some(line), true) = (
        advisor.seq_cst.first(),
        advisor.orderings >= 4 && advisor.orderings == advisor.seq_cst.len(),
    ) {
        advice.push(format!(
            "line {line}: every atomic operation is `SeqCst`; mostly `Acquire` and `Release` are enough, and say better what is meant"
        ));
    }
    for line in advisor.busy {
        advice.push(format!(
            "line {line}: this loop asks again and again; a condition variable, a channel or `park` waits without a core"
        ));
    }
    for line in advisor.over_io {
        advice.push(format!(
            "line {line}: this prints or sleeps while a lock is held; everybody else waits for that, too"
        ));
    }
    for line in advisor.needless {
        advice.push(format!(
            "line {line}: nothing in this `unsafe` block needs it"
        ));
    }
    advice
}

#[derive(Default)]
struct Advisor {
    orderings: usize,
    seq_cst: Vec<usize>,
    busy: Vec<usize>,
    over_io: Vec<usize>,
    needless: Vec<usize>,
}

/// What an expression or a block does.
#[derive(Default)]
struct Deeds {
    methods: Vec<String>,
    macros: Vec<String>,
    functions: Vec<String>,
    dereferences: bool,
}

impl<'ast> Visit<'ast> for Deeds {
    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.methods.push(call.method.to_string());
        visit::visit_expr_method_call(self, call);
    }
    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        if let Some(last) = item.path.segments.last() {
            self.macros.push(last.ident.to_string());
        }
    }
    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let syn::Expr::Path(path) = &*call.func
            && let Some(last) = path.path.segments.last()
        {
            self.functions.push(last.ident.to_string());
        }
        visit::visit_expr_call(self, call);
    }
    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        self.dereferences |= matches!(unary.op, syn::UnOp::Deref(_));
        visit::visit_expr_unary(self, unary);
    }
}

fn deeds_of_block(block: &syn::Block) -> Deeds {
    let mut deeds = Deeds::default();
    deeds.visit_block(block);
    deeds
}

/// Whether a local variable takes a guard: it calls `lock`, and keeps what comes of it.
fn takes_guard(statement: &syn::Stmt) -> bool {
    let syn::Stmt::Local(local) = statement else {
        return false;
    };
    let Some(init) = &local.init else {
        return false;
    };
    let mut expression = &*init.expr;
    loop {
        match expression {
            syn::Expr::MethodCall(call) if call.method == "unwrap" || call.method == "expect" => {
                expression = &call.receiver;
            }
            syn::Expr::MethodCall(call) => return call.method == "lock" && call.args.is_empty(),
            _ => return false,
        }
    }
}

const TALKS: [&str; 4] = ["println", "print", "eprintln", "eprint"];

impl<'ast> Visit<'ast> for Advisor {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let Some(last) = path.segments.last() {
            let name = last.ident.to_string();
            if ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"].contains(&name.as_str()) {
                self.orderings += 1;
                if name == "SeqCst" {
                    self.seq_cst.push(path.span().start().line);
                }
            }
        }
        visit::visit_path(self, path);
    }

    // An ordering that is imported is no use of it.
    fn visit_item_use(&mut self, _: &'ast syn::ItemUse) {}

    fn visit_expr_while(&mut self, item: &'ast syn::ExprWhile) {
        let mut asks = Deeds::default();
        asks.visit_expr(&item.cond);
        let body = deeds_of_block(&item.body);
        let looks = asks.methods.iter().any(|m| m == "load");
        let idle = body.methods.is_empty()
            && body
                .functions
                .iter()
                .all(|f| f == "yield_now" || f == "spin_loop" || f == "sleep");
        if looks && idle {
            self.busy.push(item.span().start().line);
        }
        visit::visit_expr_while(self, item);
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        let guard = block.stmts.iter().position(takes_guard);
        if let Some(at) = guard {
            for statement in &block.stmts[at + 1..] {
                let mut deeds = Deeds::default();
                deeds.visit_stmt(statement);
                if deeds.functions.iter().any(|f| f == "drop") {
                    break;
                }
                let talks = deeds.macros.iter().any(|m| TALKS.contains(&m.as_str()));
                if talks || deeds.functions.iter().any(|f| f == "sleep") {
                    self.over_io.push(statement.span().start().line);
                    break;
                }
            }
        }
        visit::visit_block(self, block);
    }

    fn visit_expr_unsafe(&mut self, item: &'ast syn::ExprUnsafe) {
        let deeds = deeds_of_block(&item.block);
        // What cannot be judged from the text alone is left alone.
        if !deeds.dereferences
            && deeds.methods.is_empty()
            && deeds.functions.is_empty()
            && deeds.macros.is_empty()
            && !names_static(&item.block)
        {
            self.needless.push(item.span().start().line);
        }
        visit::visit_expr_unsafe(self, item);
    }
}

/// Whether a name in capitals occurs, which may be a `static mut`.
fn names_static(block: &syn::Block) -> bool {
    struct Finder(bool);
    impl<'ast> Visit<'ast> for Finder {
        fn visit_ident(&mut self, ident: &'ast syn::Ident) {
            let name = ident.to_string();
            self.0 |= name.len() > 1 && name.chars().all(|c| !c.is_lowercase());
        }
    }
    let mut finder = Finder(false);
    finder.visit_block(block);
    finder.0
}

#[cfg(test)]
mod tests {
    use super::on;

    #[test]
    fn what_a_reviewer_would_ask_about_is_told_with_its_line() {
        let advice = on(
            "fn f(m: &M, a: &A) {\n    let g = m.lock().unwrap();\n    println!(\"{g}\");\n    while !a.load(Acquire) {\n        std::hint::spin_loop();\n    }\n    let x = unsafe { 1 + 1 };\n}\n",
        );
        assert_eq!(advice.len(), 3, "{advice:?}");
        assert!(
            advice.iter().any(|a| a.starts_with("line 3:")),
            "{advice:?}"
        );
        assert!(
            advice.iter().any(|a| a.starts_with("line 4:")),
            "{advice:?}"
        );
        assert!(
            advice.iter().any(|a| a.starts_with("line 7:")),
            "{advice:?}"
        );
    }

    #[test]
    fn good_style_gets_no_advice() {
        let good = "fn f(m: &M) {\n    let value = *m.lock().unwrap();\n    println!(\"{value}\");\n}\n\
            fn g(a: &A) { a.store(1, Release); a.load(Acquire); a.load(SeqCst); a.fetch_add(1, Relaxed); }\n";
        assert!(on(good).is_empty(), "{:?}", on(good));
        let dropped = "fn f(m: &M) {\n    let g = m.lock().unwrap();\n    drop(g);\n    println!(\"done\");\n}\n";
        assert!(on(dropped).is_empty(), "{:?}", on(dropped));
    }

    #[test]
    fn the_strongest_order_everywhere_is_noticed() {
        let text = "fn f(a: &A) { a.store(1, SeqCst); a.store(2, SeqCst); a.store(3, SeqCst); a.load(SeqCst); }";
        assert_eq!(on(text).len(), 1);
    }
}
