//! Every route there is, read from the sources: axum doesn't list them, and a list kept by hand would
//! miss the next one.

use std::fs;
use std::path::Path;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    /// As registered: `/products/{id}`.
    pub(crate) template: String,
}

impl Route {
    pub(crate) fn has_parameters(&self) -> bool {
        self.template.contains('{')
    }

    pub(crate) fn parameters(&self) -> Vec<&str> {
        self.template.split(['{', '}']).skip(1).step_by(2).collect()
    }

    /// The path with each parameter replaced by what `fill` gives for its name.
    pub(crate) fn path(&self, fill: impl Fn(&str) -> String) -> String {
        let mut path = String::new();
        for (index, piece) in self.template.split(['{', '}']).enumerate() {
            if index % 2 == 0 { path.push_str(piece) } else { path.push_str(&fill(piece)) }
        }
        path
    }
}

pub(crate) fn all() -> Vec<Route> {
    let mut routes = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut routes);
    routes.sort();
    routes
}

fn collect(folder: &Path, routes: &mut Vec<Route>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, routes);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            for call in text.split(".route(").skip(1) {
                routes.extend(parse(balanced(call)));
            }
        }
    }
}

/// The text up to the parenthesis that closes the call.
fn balanced(call: &str) -> &str {
    let mut depth = 1;
    let end = call.char_indices().find(|(_, c)| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth == 0
    });
    &call[..end.expect("the call is closed").0]
}

fn parse(call: &str) -> Vec<Route> {
    let template = call.split('"').nth(1).expect("a route begins with its path").to_owned();
    let handlers = call.split_once(',').expect("a route has handlers").1;
    ["GET", "POST", "PUT", "PATCH", "DELETE"]
        .into_iter()
        .filter(|method| {
            let verb = format!("{}(", method.to_lowercase());
            handlers
                .match_indices(&verb)
                .any(|(at, _)| !handlers[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
        .map(|method| Route { method, template: template.clone() })
        .collect()
}

#[test]
fn the_list_holds_what_the_sources_register() {
    let routes = all();
    for (method, template) in [
        ("PATCH", "/companies/{id}/members/{user_id}"),
        ("DELETE", "/api-keys/{id}"),
        ("POST", "/auth/token"),
        ("GET", "/health/ready"),
    ] {
        assert!(routes.contains(&Route { method, template: template.to_owned() }), "{method} {template}");
    }
    let path = routes.iter().find(|r| r.template.ends_with("{user_id}")).unwrap().path(str::to_uppercase);
    assert_eq!(path, "/companies/ID/members/USER_ID");
}
