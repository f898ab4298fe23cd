//! A `banyan` daemon and simulated devices in a directory of their own, driven by the client commands.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a start may take on a busy machine.
const START: Duration = Duration::from_secs(60);

/// A port that nothing listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port()
}

/// Runs `banyan` and waits for it.
pub fn banyan(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_banyan"))
        .args(arguments)
        .env_remove("BANYAN_SOCKET")
        .stdin(Stdio::null())
        .output()
        .expect("the program runs")
}

/// Standard output and error together, for messages.
pub fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// A directory with a configuration, and the daemon that runs in it.
pub struct Daemon {
    directory: TempDir,
    process: Option<Child>,
}

impl Daemon {
    /// Writes models and configuration; `configuration` is added to what every daemon has.
    pub fn new(models: &[(&str, &str)], load: &[&str], configuration: &str) -> Daemon {
        let directory = tempfile::tempdir().expect("a directory");
        fs::create_dir(directory.path().join("yang")).expect("a directory");
        for (name, text) in models {
            fs::write(
                directory.path().join("yang").join(format!("{name}.yang")),
                text,
            )
            .expect("a module");
        }
        let load: Vec<String> = load.iter().map(|name| format!("{name:?}")).collect();
        let text = format!(
            "store.directory = 'store'\n[yang]\npath = ['yang']\nload = [{}]\n{configuration}\n",
            load.join(", ")
        );
        fs::write(directory.path().join("banyan.toml"), text).expect("a configuration");
        Daemon {
            directory,
            process: None,
        }
    }

    /// The directory of the configuration.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The Unix socket.
    pub fn socket(&self) -> PathBuf {
        self.path().join("store/banyan.sock")
    }

    fn config(&self) -> PathBuf {
        self.path().join("banyan.toml")
    }

    /// Starts the daemon and waits until it answers.
    pub fn start(&mut self) {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.path().join("daemon.log"))
            .expect("a log file");
        let mut process = Command::new(env!("CARGO_BIN_EXE_banyan"))
            .arg("serve")
            .arg("--config")
            .arg(self.config())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .expect("the program runs");
        let deadline = Instant::now() + START;
        while std::os::unix::net::UnixStream::connect(self.socket()).is_err() {
            if let Some(status) = process.try_wait().expect("a status") {
                panic!("the daemon ended with {status}: {}", self.log());
            }
            assert!(
                Instant::now() < deadline,
                "the daemon does not answer: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        self.process = Some(process);
    }

    /// What the daemon has said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path().join("daemon.log")).unwrap_or_default()
    }

    /// Runs `banyan serve` where it is expected to end at once.
    pub fn start_fails(&self) -> Output {
        let mut process = Command::new(env!("CARGO_BIN_EXE_banyan"))
            .args(["serve", "--config", self.config().to_str().expect("a path")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let deadline = Instant::now() + START;
        while process.try_wait().expect("a status").is_none() {
            if Instant::now() > deadline {
                process.kill().expect("a running process");
                panic!("the daemon started where it should not have");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        process.wait_with_output().expect("output")
    }

    /// Kills the daemon as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("a running process");
            process.wait().expect("a status");
        }
    }

    /// Stops the daemon cleanly.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // The shell's own kill: not every system has the program.
            let kill = format!("kill -TERM {}", process.id());
            assert!(
                Command::new("sh")
                    .args(["-c", &kill])
                    .status()
                    .expect("a shell")
                    .success()
            );
            let status = process.wait().expect("a status");
            assert!(
                status.success(),
                "the daemon ended with {status}: {}",
                self.log()
            );
        }
    }

    /// Runs a client command against the daemon.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let socket = self.socket();
        let mut all: Vec<&str> = arguments.to_vec();
        all.extend(["--socket", socket.to_str().expect("a path")]);
        banyan(&all)
    }

    /// Runs a client command that must succeed, and gives its standard output.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "banyan {arguments:?}: {}\n{}",
            text(&output),
            self.log()
        );
        String::from_utf8(output.stdout).expect("text")
    }

    /// Runs a client command that must be refused with status 1, and gives what it printed.
    pub fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(
            output.status.code(),
            Some(1),
            "banyan {arguments:?}: {}",
            text(&output)
        );
        text(&output)
    }

    /// Repeats a client command until its output satisfies `wanted`.
    pub fn wait_for(&self, arguments: &[&str], wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + START;
        loop {
            let output = self.ok(arguments);
            if wanted(&output) {
                return output;
            }
            assert!(
                Instant::now() < deadline,
                "banyan {arguments:?} still says: {output}\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Simulated devices on consecutive ports.
pub struct Devices {
    process: Child,
    /// The first one's port.
    pub base_port: u16,
}

impl Devices {
    /// Starts `count` devices with the modules in `model`, and `extra` arguments.
    pub fn start(model: &Path, count: u16, extra: &[&str]) -> Devices {
        // Between the choice of a free port and its use somebody else may take it.
        for _ in 0..5 {
            match Devices::try_start(model, count, extra) {
                Ok(devices) => return devices,
                Err(said) => assert!(said.contains("in use"), "the simulator ended: {said}"),
            }
        }
        panic!("no free ports for {count} devices");
    }

    /// As [`Devices::start`]; what the simulator said when it ended at once.
    fn try_start(model: &Path, count: u16, extra: &[&str]) -> Result<Devices, String> {
        let base_port = free_port();
        let mut process = Command::new(env!("CARGO_BIN_EXE_banyan"))
            .args(["sim", "--model", model.to_str().expect("a path")])
            .args([
                "--count",
                &count.to_string(),
                "--base-port",
                &base_port.to_string(),
            ])
            .args(extra)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let deadline = Instant::now() + START;
        while (0..count).any(|index| TcpStream::connect(("127.0.0.1", base_port + index)).is_err())
        {
            if process.try_wait().expect("a status").is_some() {
                let output = process.wait_with_output().expect("output");
                return Err(text(&output));
            }
            assert!(Instant::now() < deadline, "the devices do not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        // Nobody reads what it says later; a full pipe must not stop it.
        let streams = [
            process.stdout.take().map(boxed),
            process.stderr.take().map(boxed),
        ];
        for stream in streams.into_iter().flatten() {
            std::thread::spawn(move || BufReader::new(stream).lines().for_each(drop));
        }
        Ok(Devices { process, base_port })
    }
}

fn boxed(stream: impl Read + Send + 'static) -> Box<dyn Read + Send> {
    Box::new(stream)
}

impl Drop for Devices {
    fn drop(&mut self) {
        // The process may have ended by itself already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
