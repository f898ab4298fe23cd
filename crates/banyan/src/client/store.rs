//! Datastores by name: `banyan store list|show|copy|delete|load|save`.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::read::form_name;
use super::save::Saved;
use super::table::{aligned, head};
use super::{CommandError, call, open, output_leaf, print, remark, warned};
use crate::args::Connect;
use crate::compact::Compact;
use crate::data::output::DataForm;

/// `banyan store`
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// List the datastores and where each lives.
    List(List),
    /// Print what a datastore holds.
    Show(Show),
    /// Make a datastore equal to another; to running this is a commit.
    Copy(Copy),
    /// Remove a datastore and its file.
    Delete(Named),
    /// Make a datastore what a file says (XML or JSON).
    Load(OfFile),
    /// Write what a datastore holds to a file, as `load` reads it.
    Save(Save),
    /// Make the file of the commit log as small as what it holds. No daemon may run.
    Compact(Compact),
}

/// `banyan store list`
#[derive(Debug, Args)]
pub struct List {
    /// A table, or JSON for programs.
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    pub format: String,
    #[command(flatten)]
    pub connect: Connect,
}

/// `banyan store show`
#[derive(Debug, Args)]
pub struct Show {
    /// The datastore.
    pub name: String,
    /// How to print.
    #[arg(long, default_value = "text")]
    pub format: DataForm,
    #[command(flatten)]
    pub connect: Connect,
}

/// `banyan store copy`
#[derive(Debug, Args)]
pub struct Copy {
    /// The datastore that is copied.
    pub from: String,
    /// The datastore that becomes equal to it; made if it does not exist.
    pub to: String,
    #[command(flatten)]
    pub connect: Connect,
}

/// `banyan store delete`
#[derive(Debug, Args)]
pub struct Named {
    /// The datastore.
    pub name: String,
    #[command(flatten)]
    pub connect: Connect,
}

/// `banyan store load`
#[derive(Debug, Args)]
pub struct OfFile {
    /// The datastore; made if it does not exist.
    pub name: String,
    /// The file; `-` is standard input or output.
    pub file: PathBuf,
    #[command(flatten)]
    pub connect: Connect,
}

/// `banyan store save`
#[derive(Debug, Args)]
pub struct Save {
    /// How the file is written.
    #[arg(long, default_value = "xml", value_parser = ["xml", "json"])]
    pub format: String,
    #[command(flatten)]
    pub what: OfFile,
}

/// Runs a command about datastores.
pub async fn store(command: StoreCommand) -> Result<(), CommandError> {
    match command {
        StoreCommand::Compact(compact) => crate::compact::run(compact),
        StoreCommand::List(wanted) => list(&wanted).await,
        StoreCommand::Show(show) => {
            print(&text_of(&show.connect, &show.name, form_name(show.format)).await?);
            Ok(())
        }
        StoreCommand::Copy(copy) => {
            let leaves = [("from", Some(copy.from)), ("to", Some(copy.to))];
            warned(&call(&open(&copy.connect).await?, "copy-store", &leaves).await?);
            Ok(())
        }
        StoreCommand::Delete(named) => {
            let leaves = [("name", Some(named.name))];
            call(&open(&named.connect).await?, "delete-store", &leaves).await?;
            Ok(())
        }
        StoreCommand::Load(load) => {
            let document = read(&load.file)?;
            let leaves = [("name", Some(load.name)), ("document", Some(document))];
            warned(&call(&open(&load.connect).await?, "load-store", &leaves).await?);
            Ok(())
        }
        StoreCommand::Save(save) => {
            let what = save.what;
            let text = text_of(&what.connect, &what.name, &save.format).await?;
            // The wrapper makes one document of several top-level nodes.
            let text = match save.format.as_str() {
                "xml" => format!("<config>\n{text}</config>\n"),
                _ => text,
            };
            if what.file == Path::new("-") {
                print(&text);
                return Ok(());
            }
            write(&what.file, &text).map_err(|error| {
                CommandError::Usage(format!("cannot write {}: {error}", what.file.display()))
            })
        }
    }
}

async fn list(wanted: &List) -> Result<(), CommandError> {
    let reply = call(&open(&wanted.connect).await?, "list-stores", &[]).await?;
    let stores = reply
        .elements()
        .filter(|element| element.local() == "store");
    let stores: Vec<Listed> = stores
        .map(|store| {
            let leaf = |name: &str| {
                let mut leaves = store.children().filter(|leaf| leaf.local() == name);
                leaves.next().map(|leaf| leaf.text()).unwrap_or_default()
            };
            Listed {
                name: leaf("name"),
                policy: leaf("policy"),
                volatile: leaf("volatile") == "true",
            }
        })
        .collect();
    print(&match wanted.format.as_str() {
        "json" => in_json(&stores),
        _ => aligned(&in_rows(&stores)),
    });
    Ok(())
}

/// A datastore in the list.
struct Listed {
    name: String,
    policy: String,
    /// Its file is not written for now.
    volatile: bool,
}

fn in_rows(stores: &[Listed]) -> Vec<Vec<String>> {
    let rows = stores.iter().map(|store| {
        let file = if store.volatile { "suspended" } else { "-" };
        vec![store.name.clone(), store.policy.clone(), file.to_owned()]
    });
    std::iter::once(head(&["NAME", "POLICY", "WRITING"]))
        .chain(rows)
        .collect()
}

/// The output of `list-stores`, as RFC 7951 has it.
fn in_json(stores: &[Listed]) -> String {
    let stores: Vec<serde_json::Value> = stores
        .iter()
        .map(|store| {
            serde_json::json!({ "name": store.name, "policy": store.policy, "volatile": store.volatile })
        })
        .collect();
    format!("{:#}\n", serde_json::json!({ "banyan:store": stores }))
}

async fn text_of(connect: &Connect, name: &str, format: &str) -> Result<String, CommandError> {
    let leaves = [
        ("store", Some(name.to_owned())),
        ("format", Some(format.to_owned())),
    ];
    let reply = call(&open(connect).await?, "show", &leaves).await?;
    let text = output_leaf(&reply, "text");
    if text.is_empty() {
        remark("the datastore is empty");
    }
    Ok(text)
}

fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let mut saved = Saved::create(file)?;
    saved.write_all(text.as_bytes())?;
    saved.finish()
}

fn read(file: &Path) -> Result<String, CommandError> {
    let read = match file == Path::new("-") {
        true => std::io::read_to_string(std::io::stdin()),
        false => std::fs::read_to_string(file),
    };
    read.map_err(|error| CommandError::Usage(format!("cannot read {}: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_are_listed_for_people_and_for_programs() {
        let stores = [("candidate", "inmem", false), ("lab", "file-inmem", true)].map(
            |(name, policy, volatile)| Listed {
                name: name.to_owned(),
                policy: policy.to_owned(),
                volatile,
            },
        );
        insta::assert_snapshot!(aligned(&in_rows(&stores)), @r"
        NAME       POLICY      WRITING
        candidate  inmem       -
        lab        file-inmem  suspended
        ");
        let read: serde_json::Value = serde_json::from_str(&in_json(&stores)).unwrap();
        assert_eq!(read["banyan:store"][1]["name"], "lab");
        assert_eq!(read["banyan:store"][1]["volatile"], true);
    }
}
