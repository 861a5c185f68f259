//! What the cells have left behind, as far as code of later cells can name it. This is the truth;
//! evcxr is told of it when it is asked something.

use crate::items::Types;
use crate::source;
use std::collections::{HashMap, HashSet};

/// A variable that lives between cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its type, as the text of later cells writes it.
    pub kind: String,
    /// Whether it is `mut`.
    pub mutable: bool,
}

/// Variables by name.
pub type Variables = HashMap<String, Variable>;

/// Items, types and variables of one session.
pub struct Session {
    /// Attributes and all items so far, as compiled last.
    pub items: String,
    /// Definitions that the form of values depends on.
    pub types: Types,
    /// The variables.
    pub variables: Variables,
    /// Names of the items.
    pub names: HashSet<String>,
    /// Items that evcxr has not been told of.
    pub untold: String,
}

impl Default for Session {
    fn default() -> Self {
        Session {
            items: source::FIRST.to_owned(),
            types: Types::default(),
            variables: Variables::new(),
            names: HashSet::new(),
            untold: String::new(),
        }
    }
}
