//! Captures of Process Monitor as this program writes them: a double of the tool, for tests.

use std::fmt::Write as _;

/// A process of a capture.
pub struct Ran {
    pub pid: u32,
    pub parent: u32,
    pub path: &'static str,
    pub command: &'static str,
    pub environment: Vec<&'static str>,
}

/// An event of a capture.
pub enum Did {
    Start(usize),
    Exit(usize, u32),
    File { process: usize, operation: u16, name: &'static str, path: &'static str, result: u32 },
    Registry { process: usize, operation: u16, name: &'static str, path: &'static str, result: u32 },
}

/// A capture.
pub struct Capture {
    pub processes: Vec<Ran>,
    pub events: Vec<Did>,
}

const OK: u32 = 0;
const NAME_NOT_FOUND: u32 = 0xC000_0034;

/// `go install` with GOBIN set.
pub fn install() -> Capture {
    let windows = || vec!["=C:=C:\\w", "Path=C:\\Windows;C:\\Go\\bin", "GOBIN=C:\\gobin"];
    let process =
        |pid, parent, path, command, environment| Ran { pid, parent, path, command, environment };
    let file = |process, operation, name, path, result| Did::File {
        process,
        operation,
        name,
        path,
        result,
    };
    Capture {
        processes: vec![
            process(
                4100,
                980,
                r"C:\Program Files\PowerShell\7\pwsh.exe",
                r#""C:\Program Files\PowerShell\7\pwsh.exe""#,
                vec!["Path=C:\\Windows"],
            ),
            process(4200, 4100, r"C:\Go\bin\go.exe", r#""C:\Go\bin\go.exe" install ."#, windows()),
            process(
                4300,
                4200,
                r"C:\Go\pkg\tool\windows_amd64\compile.exe",
                r"C:\Go\pkg\tool\windows_amd64\compile.exe -o C:\w\_pkg_.a",
                windows(),
            ),
        ],
        events: vec![
            Did::Start(0),
            Did::Start(1),
            file(1, 20, "CreateFile", r"C:\Users\u\AppData\Roaming\go\env", NAME_NOT_FOUND),
            Did::Registry {
                process: 1,
                operation: 0,
                name: "RegOpenKey",
                path: r"HKCU\Environment",
                result: NAME_NOT_FOUND,
            },
            Did::Start(2),
            Did::Exit(2, 0),
            file(1, 20, "CreateFile", r"C:\gobin\hello.exe", OK),
            file(1, 24, "WriteFile", r"C:\gobin\hello.exe", OK),
            Did::Exit(1, 0),
        ],
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn padded(text: &str, size: usize) -> Vec<u8> {
    let mut all = utf16(text);
    all.resize(size, 0);
    all
}

fn units(text: &str) -> u16 {
    text.encode_utf16().count() as u16
}

impl Capture {
    fn process(&self, did: &Did) -> usize {
        match did {
            Did::Start(process) | Did::Exit(process, _) => *process,
            Did::File { process, .. } | Did::Registry { process, .. } => *process,
        }
    }

    /// The detail of an event: its class, operation, result and bytes.
    fn detail(&self, did: &Did) -> (u32, u16, u32, Vec<u8>) {
        match did {
            Did::Start(process) => {
                let ran = &self.processes[*process];
                let block: String =
                    ran.environment.iter().map(|v| format!("{v}\0")).chain(["\0".into()]).collect();
                let mut bytes = ran.parent.to_le_bytes().to_vec();
                bytes.extend(units(ran.command).to_le_bytes());
                bytes.extend(units(r"C:\w\").to_le_bytes());
                bytes.extend((block.encode_utf16().count() as u32).to_le_bytes());
                bytes.extend(utf16(ran.command));
                bytes.extend(utf16(r"C:\w\"));
                bytes.extend(utf16(&block));
                (1, 7, OK, bytes)
            }
            Did::Exit(_, code) => {
                let mut bytes = code.to_le_bytes().to_vec();
                bytes.extend([0; 48]);
                (1, 2, OK, bytes)
            }
            Did::File { operation, path, result, .. } => {
                let mut bytes = vec![0; 4 + 8 * 5 + 0x14];
                bytes.extend(units(path).to_le_bytes());
                bytes.extend([0, 0]);
                bytes.extend(utf16(path));
                // Further details of the operation: access, sharing, attributes.
                bytes.extend([0; 64]);
                (3, *operation, *result, bytes)
            }
            Did::Registry { operation, path, result, .. } => {
                let mut bytes = units(path).to_le_bytes().to_vec();
                bytes.extend([0; 6]);
                bytes.extend(utf16(path));
                (2, *operation, *result, bytes)
            }
        }
    }

    /// As PML, version 9.
    pub fn pml(&self) -> Vec<u8> {
        const HEADER: usize = 0x3a8;
        // The first string is the empty one, which fields without a value refer to.
        let mut strings: Vec<String> = vec![String::new()];
        let mut index = |text: &str| {
            let at = strings.iter().position(|s| s == text).unwrap_or_else(|| {
                strings.push(text.to_owned());
                strings.len() - 1
            });
            at as u32
        };
        let mut events = Vec::new();
        let mut offsets = Vec::new();
        for did in &self.events {
            let (class, operation, result, detail) = self.detail(did);
            offsets.extend(((HEADER + events.len()) as u32).to_le_bytes());
            // Offsets of events have five bytes: four of place and one of flags.
            offsets.push(0);
            events.extend((self.process(did) as u32 + 1).to_le_bytes());
            events.extend(7_u32.to_le_bytes());
            events.extend(class.to_le_bytes());
            events.extend(operation.to_le_bytes());
            events.extend([0; 6 + 8 + 8]);
            events.extend(result.to_le_bytes());
            events.extend([0; 4]);
            events.extend((detail.len() as u32).to_le_bytes());
            events.extend([0; 4]);
            events.extend(detail);
        }
        let mut processes = Vec::new();
        let mut places = Vec::new();
        let first = 4 + self.processes.len() * 8;
        for (at, ran) in self.processes.iter().enumerate() {
            places.push((first + processes.len()) as u32);
            let name = ran.path.rsplit('\\').next().unwrap_or_default();
            let mut words =
                vec![at as u32 + 1, ran.pid, ran.parent, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1];
            words.extend([index("Medium"), index(r"W\u"), index(name), index(ran.path)]);
            words.extend([index(ran.command), 0, 0, 0, 0, 0, 0, 0, 0]);
            processes.extend(words.into_iter().flat_map(u32::to_le_bytes));
        }
        let mut table = (self.processes.len() as u32).to_le_bytes().to_vec();
        table.extend((1..=self.processes.len() as u32).flat_map(u32::to_le_bytes));
        table.extend(places.into_iter().flat_map(u32::to_le_bytes));
        table.extend(processes);
        let mut texts = Vec::new();
        let mut text_places = Vec::new();
        for string in &strings {
            text_places.push((4 + strings.len() * 4 + texts.len()) as u32);
            // UTF-16 with an end, as Windows writes it.
            let bytes = utf16(&format!("{string}\0"));
            texts.extend((bytes.len() as u32).to_le_bytes());
            texts.extend(bytes);
        }
        let mut text_table = (strings.len() as u32).to_le_bytes().to_vec();
        text_table.extend(text_places.into_iter().flat_map(u32::to_le_bytes));
        text_table.extend(texts);

        let offsets_at = HEADER + events.len();
        let processes_at = offsets_at + offsets.len();
        let strings_at = processes_at + table.len();
        let icons_at = strings_at + text_table.len();
        let hosts_at = icons_at + 4;
        let mut file = b"PML_".to_vec();
        file.extend(9_u32.to_le_bytes());
        file.extend(1_u32.to_le_bytes());
        file.extend(padded("TWINPROOF", 0x20));
        file.extend(padded(r"C:\Windows", 0x208));
        file.extend((self.events.len() as u32).to_le_bytes());
        file.extend([0; 8]);
        for at in [HEADER, offsets_at, processes_at, strings_at, icons_at] {
            file.extend((at as u64).to_le_bytes());
        }
        // The header has a fixed size; what is not set stays zero.
        file.resize(0x398, 0);
        file.extend((HEADER as u64).to_le_bytes());
        file.extend((hosts_at as u64).to_le_bytes());
        file.extend(events);
        file.extend(offsets);
        file.extend(table);
        file.extend(text_table);
        file.extend([0; 4 + 4 + 4]);
        file
    }

    /// As Process Monitor exports it.
    pub fn csv(&self) -> String {
        // Process Monitor begins its exports with a byte order mark.
        let mut all = String::from(
            "\u{feff}\"Time of Day\",\"Process Name\",\"PID\",\"Operation\",\"Path\",\"Result\",\"Detail\"\r\n",
        );
        for did in &self.events {
            let ran = &self.processes[self.process(did)];
            let name = ran.path.rsplit('\\').next().unwrap_or_default();
            let (operation, path, result, detail) = match did {
                Did::Start(_) => {
                    let block: String =
                        ran.environment.iter().map(|v| format!("\r\n\t{v}")).collect();
                    let detail = format!(
                        "Parent PID: {}, Command line: {}, Current directory: C:\\w\\, Environment: {block}",
                        ran.parent, ran.command
                    );
                    ("Process Start", "", OK, detail)
                }
                Did::Exit(_, code) => {
                    let detail = format!("Exit Status: {code}, User Time: 0.1 seconds");
                    ("Process Exit", "", OK, detail)
                }
                Did::File { name, path, result, .. } | Did::Registry { name, path, result, .. } => {
                    (*name, *path, *result, String::new())
                }
            };
            let result = if result == OK { "SUCCESS" } else { "NAME NOT FOUND" };
            let fields = ["10:00:00", name, &ran.pid.to_string(), operation, path, result, &detail]
                // Quotes are doubled in CSV, and every field is quoted.
                .map(|field| format!("\"{}\"", field.replace('"', "\"\"")));
            let _ = write!(all, "{}\r\n", fields.join(","));
        }
        all
    }
}
