//! Every route, read from the sources: axum cannot list them, and a list by hand would miss new
//! ones.

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

    /// The path with each parameter replaced by `fill(name)`.
    pub(crate) fn path(&self, fill: impl Fn(&str) -> String) -> String {
        let mut path = String::new();
        for (index, piece) in self.template.split(['{', '}']).enumerate() {
            if index % 2 == 0 {
                path.push_str(piece)
            } else {
                path.push_str(&fill(piece))
            }
        }
        path
    }
}

pub(crate) fn list_routes() -> Vec<Route> {
    let sources = read_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let calls = sources
        .iter()
        .flat_map(|text| text.split(".route(").skip(1));
    let mut routes: Vec<_> = calls
        .flat_map(|call| parse_routes(take_arguments(call)))
        .collect();
    routes.sort();
    routes
}

/// The names of all parameters that take an id in a query, once for each handler that reads it.
pub(crate) fn list_query_ids() -> Vec<String> {
    let mut names = Vec::new();
    for text in read_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        for read in text.split(": Query<").skip(1) {
            let name = read.split('>').next().expect("something is read");
            let fields = text
                .split_once(&format!("struct {name} {{"))
                .expect("beside its handler")
                .1;
            let fields = fields.split('}').next().expect("it ends").lines();
            let ids = fields
                .filter_map(|field| field.trim().strip_suffix("Id>,")?.split_once(": Option<"));
            names.extend(ids.map(|(name, _)| name.to_owned()));
        }
    }
    names.sort();
    names
}

fn read_sources(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts.extend(read_sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            texts.push(fs::read_to_string(&path).unwrap());
        }
    }
    texts
}

/// The text up to the parenthesis that closes the call.
fn take_arguments(call: &str) -> &str {
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

fn parse_routes(call: &str) -> Vec<Route> {
    let template = call
        .split('"')
        .nth(1)
        .expect("a route begins with its path")
        .to_owned();
    let handlers = call.split_once(',').expect("a route has handlers").1;
    ["GET", "POST", "PUT", "PATCH", "DELETE"]
        .into_iter()
        .filter(|method| {
            let verb = format!("{}(", method.to_lowercase());
            handlers
                .match_indices(&verb)
                .any(|(at, _)| !handlers[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
        .map(|method| Route {
            method,
            template: template.clone(),
        })
        .collect()
}

#[test]
fn the_list_of_routes_matches_the_sources() {
    let routes = list_routes();
    for (method, template) in [
        ("PATCH", "/companies/{id}/members/{user_id}"),
        ("DELETE", "/api-keys/{id}"),
        ("POST", "/auth/token"),
        ("GET", "/health/ready"),
    ] {
        assert!(
            routes.contains(&Route {
                method,
                template: template.to_owned()
            }),
            "{method} {template}"
        );
    }
    let path = routes
        .iter()
        .find(|r| r.template.ends_with("{user_id}"))
        .unwrap()
        .path(str::to_uppercase);
    assert_eq!(path, "/companies/ID/members/USER_ID");
}
