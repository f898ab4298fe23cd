//! Providers that are programs: a question as JSON on standard input, RFC 7951 JSON on standard output.

use std::time::Duration;

use banyan_data::Tree;

use super::{Provider, StateRequest};
use crate::backend::{BoxFuture, Result};
use crate::bind;
use crate::blocking::on_pool;
use crate::exec::Exec;
use crate::nmda::Origin;

/// A program that provides a subtree of state.
///
/// It gets one JSON object: `path` (what it covers), `paths` (the instances that are wanted, as RFC 7951 6.11 writes
/// them; without keys, all entries of a list), and `user` (who reads; absent when answers are kept for others). It prints
/// an RFC 7951 object from the root: the containers and entries on the way, and what is wanted in them. Nothing printed
/// is no state. An exit status other than 0 is an error, with what it said on standard error.
#[derive(Clone, Debug)]
pub struct Program {
    path: String,
    exec: Exec,
    keeps_for: Duration,
    origin: Origin,
}

impl Program {
    /// The program for a schema path; a read waits for it as long as it may run ([`Exec::timeout`]).
    pub fn new(path: impl Into<String>, exec: Exec) -> Program {
        Program {
            path: path.into(),
            exec,
            keeps_for: Duration::ZERO,
            origin: Origin::default(),
        }
    }

    /// Gives an answer again for so long.
    pub fn keeps_for(mut self, keeps_for: Duration) -> Program {
        self.keeps_for = keeps_for;
        self
    }

    /// The origin of configuration nodes that it provides.
    pub fn origin(mut self, origin: Origin) -> Program {
        self.origin = origin;
        self
    }

    async fn run(&self, request: StateRequest) -> Result<Tree> {
        let mut question = serde_json::json!({
            "path": self.path,
            "paths": request.wanted_paths(),
        });
        let mut environment = Vec::new();
        if let Some(principal) = &request.principal {
            let user = principal.effective().to_string();
            question["user"] = user.clone().into();
            environment.push(("BANYAN_USER", user));
        }
        environment.push(("BANYAN_PATH", self.path.clone()));
        let output = self.exec.converse(&environment, &question).await?;
        let schema = request.running.schema().clone();
        on_pool(move || bind::state_from_bytes(&schema, &output))
            .await?
            .map_err(|error| self.exec.misprinted(error))
    }
}

impl Provider for Program {
    fn name(&self) -> &str {
        // Its errors name the program.
        &self.path
    }

    fn covers(&self) -> Vec<String> {
        vec![self.path.clone()]
    }

    fn deadline(&self) -> Duration {
        self.exec.timeout
    }

    fn keeps_for(&self) -> Duration {
        self.keeps_for
    }

    fn origin(&self) -> Origin {
        self.origin
    }

    fn read(&self, request: StateRequest) -> BoxFuture<'_, Result<Tree>> {
        Box::pin(self.run(request))
    }
}
