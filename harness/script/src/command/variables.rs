//! `env` and `cd`: the variables and the directory of later commands.

use crate::outcome::Reason;
use crate::setting::Setting;
use crate::state::{Fault, Ran, State};

/// Variables that only the go command built for its own tests heeds.
// Only a go command that was built for cmd/go's tests looks at these. A stock one ignores them, so
// that the script would test something else than it says.
const HOOKS: [&str; 4] =
    ["TESTGO_VERSION", "TESTGO_VERSION_SWITCH", "TESTGO_TOOLCHAIN_VERSION", "TESTGOPROXY404"];

pub(super) fn env(
    line: usize,
    args: &[String],
    state: &mut State,
    setting: &Setting,
) -> Result<Ran, Fault> {
    if args.is_empty() {
        let all = state.env.all().iter().map(|(name, value)| format!("{name}={value}\n"));
        return Ok(Ran::output(all.collect::<String>().into_bytes()));
    }
    let mut shown = String::new();
    for arg in args {
        let Some((name, value)) = arg.split_once('=') else {
            shown.push_str(&format!("{arg}={}\n", state.env.value(arg)));
            continue;
        };
        // The version that it has anyway changes nothing.
        let same = name == "TESTGO_VERSION" && value == setting.toolchain.version;
        if HOOKS.contains(&name) && !value.is_empty() && !same {
            return Err(Fault::Absent(Reason::Hook { what: name.to_owned(), line }));
        }
        state.env.set(name, value);
    }
    Ok(if shown.is_empty() { Ran::Quiet } else { Ran::output(shown.into_bytes()) })
}

pub(super) fn cd(args: &[String], state: &mut State) -> Result<Ran, Fault> {
    let [dir] = args else { return Err(Fault::usage("cd DIR")) };
    let path = state.path(dir);
    std::fs::metadata(&path).map_err(|e| Fault::file(&path, &e))?;
    state.env.set("PWD", path.to_string_lossy());
    state.pwd = path;
    Ok(Ran::Quiet)
}
