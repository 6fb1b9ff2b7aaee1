//! `proxy`: serves a Go module proxy.
//!
//! Its flags are made from the table of settings, so that file, flags and variables never differ.

use crate::exit::{BROKEN, CONFORMANT, Failure, INVALID};
use crate::serving::{announce, begin_log, block_on, release_signals};
use clap::builder::ValueParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches};
use std::path::PathBuf;
use twinproof_httpd::{Hangup, stop_signal};
use twinproof_modproxy::Serving;
use twinproof_modproxy::config::{Config, FILE_VARIABLE, Given, KEYS, Key, Kind, Origin};
use twinproof_toml::Diagnostics;

/// Serve Go modules.
#[derive(clap::Args, Debug)]
pub struct Proxy {
    #[command(subcommand)]
    command: ProxyCommand,
}

#[derive(clap::Subcommand, Debug)]
enum ProxyCommand {
    /// Serve a module proxy until SIGTERM or ^C
    ///
    /// Every setting can be given in the file, as a variable or as a flag; the last of these that
    /// gives it wins. Credentials for upstreams come from files or variables only, named in the
    /// file's [[upstream.auth]], or TWINPROOF_PROXY_UPSTREAM_BEARER and …_BASIC. SIGHUP reads the
    /// file again.
    Serve(Serve),
    /// Check a configuration and print its mistakes, without serving
    Check(Serve),
}

/// The settings of a proxy, as they were given.
#[derive(Clone, Debug, Default)]
struct Serve {
    file: Option<PathBuf>,
    given: Vec<Given>,
}

impl Proxy {
    /// Runs the command.
    ///
    /// # Errors
    /// When the configuration is wrong, or the proxy cannot be served.
    pub fn run(&self) -> Result<u8, Failure> {
        match &self.command {
            ProxyCommand::Serve(serve) => serve.run(),
            ProxyCommand::Check(serve) => match serve.load() {
                Ok(_) => {
                    println!("the configuration is right");
                    Ok(CONFORMANT)
                }
                Err(mistakes) => Ok(refused(&mistakes)),
            },
        }
    }
}

impl Serve {
    fn load(&self) -> Result<Config, Diagnostics> {
        Config::load(self.file.as_deref(), &self.given, &|name| std::env::var(name).ok())
    }

    fn run(&self) -> Result<u8, Failure> {
        let again = self.clone();
        // A mistake in the file must not end a proxy that serves.
        let again = move || match again.load() {
            Ok(config) => Some(config),
            Err(mistakes) => {
                let mistakes = mistakes.render_items(false);
                tracing::error!("the old configuration stays in use:\n{mistakes}");
                None
            }
        };
        block_on(async move {
            // Before anything else: from here on no signal ends the process, and none is lost.
            let (stop, hangup) = (stop_signal(), Hangup::new());
            release_signals();
            let config = match self.load() {
                Ok(config) => config,
                Err(mistakes) => return Ok(refused(&mistakes)),
            };
            let _log = begin_log(&config.log)?;
            let serving = Serving::start(config).map_err(Failure::invalid)?;
            if let Some(url) = serving.metrics_url() {
                tracing::info!(url, "metrics");
            }
            announce(&serving.url())?;
            let drained = serving.run(hangup, again, stop).await;
            tracing::info!(connections = drained.open, cut = drained.cut, "stopped");
            // A request that was cut off is a failure that a supervisor may see.
            Ok(if drained.cut == 0 { CONFORMANT } else { BROKEN })
        })
    }
}

/// Prints the mistakes, and gives the exit code.
fn refused(mistakes: &Diagnostics) -> u8 {
    eprintln!("{}", mistakes.render_items(false));
    INVALID
}

/// The argument of a setting.
fn argument(key: &'static Key) -> Arg {
    let arg = Arg::new(key.name)
        .long(key.flag)
        .env(key.variable())
        .hide_env(true)
        .value_name(key.kind.placeholder())
        .value_parser(ValueParser::string())
        .help(key.help);
    let heading = key.name.split_once('.').map_or("General", |(table, _)| table);
    let arg = arg.help_heading(heading);
    match key.kind {
        // `--flag` alone and `--flag=false`: with a space, the next argument would be taken for its
        // value.
        Kind::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        Kind::List => arg.action(ArgAction::Append),
        _ => arg,
    }
}

impl clap::Args for Serve {
    fn augment_args(command: clap::Command) -> clap::Command {
        let file = Arg::new("config")
            .long("config")
            .env(FILE_VARIABLE)
            .value_name("FILE")
            .value_parser(ValueParser::path_buf())
            .help("The configuration, a TOML file");
        command.arg(file.help_heading("General")).args(KEYS.iter().map(argument))
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for Serve {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut serve = Self::default();
        serve.update_from_arg_matches(matches)?;
        Ok(serve)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.file = matches.get_one::<PathBuf>("config").cloned();
        for key in KEYS {
            let Some(values) = matches.get_many::<String>(key.name) else { continue };
            let values: Vec<&str> = values.map(String::as_str).collect();
            // So that a mistake is reported at the variable, not at a flag that was not given.
            let origin = match matches.value_source(key.name) {
                Some(ValueSource::EnvVariable) => Origin::Variable,
                _ => Origin::Flag,
            };
            self.given.push(Given { name: key.name, text: values.join(","), origin });
        }
        Ok(())
    }
}
