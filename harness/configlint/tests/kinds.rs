//! Whole kinds of mistakes, beyond the examples of the rules.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails its test")]

use rstest::rstest;
use twinproof_configlint::{Options, Set, fix, lint};

/// `CONF-xxx@line` of what is found.
fn found(name: &str, text: &str) -> Vec<String> {
    let set = Set::of_texts(&[(name, text)], Options::default());
    lint(&set)
        .iter()
        .map(|f| {
            format!("{}@{}", &f.rule.id[5..], set.sources[f.file].position(f.range.start).line)
        })
        .collect()
}

/// The text after all fixes.
fn fixed(name: &str, text: &str) -> String {
    let set = Set::of_texts(&[(name, text)], Options::default());
    let fixed = fix::apply(&set.sources, &Options::default());
    fixed.first().map_or(text.to_owned(), |file| String::from_utf8(file.bytes.clone()).unwrap())
}

#[test]
fn ten_mistakes_in_one_file_are_ten_findings() {
    let text = "; comment\n[wsl2] memory=8GB\nprocessors=four\nswap=8 gb\nnetworkingMode=bridge\n\
                locahostForwarding=true\nkernel=C:\\Temp\\k\npageReporting=true\nsparseVhd=true\n\
                nested_virtualization=true\nfirewall=yes\n";
    let lines: Vec<String> = found(".wslconfig", text);
    assert_eq!(
        lines,
        [
            "004@1", "005@2", "003@3", "030@3", "003@4", "032@4", "003@5", "033@5", "003@6",
            "017@6", "008@7", "003@8", "022@8", "003@9", "023@9", "006@10", "003@11", "029@11"
        ]
    );
    let text = "; comment\n[boot ]\nsystemd=yes\nboot_command=x\n[net]\ngenerateHosts=off\nhostname='a_b'\n\
                [filesystem]\numask=22\n[automount]\nroot mnt\noptions: metadata\ncgroups=v3\n[user]\nname=me\n";
    assert_eq!(
        found("wsl.conf", text),
        [
            "001@1", "004@1", "006@2", "029@3", "006@4", "042@5", "029@6", "009@7", "040@7",
            "030@9", "007@11", "007@12", "033@13", "017@15"
        ]
    );
}

#[rstest]
#[case::semicolon("; a", "004")]
#[case::slashes("// a", "004")]
#[case::rem("REM a", "004")]
#[case::yaml("systemd: true", "007")]
#[case::yaml_list("- a", "007")]
#[case::json("{ \"a\": 1 }", "007")]
#[case::export("export A=1", "007")]
#[case::conflict("<<<<<<< HEAD", "007")]
#[case::conflict_middle("=======", "007")]
#[case::two_words("systemd true", "007")]
#[case::alone("systemd", "007")]
#[case::hyphen("my-key=1", "006")]
#[case::dot("boot.systemd=1", "006")]
#[case::underscore("_a=1", "006")]
#[case::blank_in_key("my key=1", "006")]
#[case::digit("2nd=1", "006")]
#[case::umlaut("schlüssel=1", "006")]
#[case::escape("command=a\\xb", "008")]
#[case::quote("command=\"a", "009")]
#[case::no_break_space("\u{A0}systemd=1", "028")]
#[case::full_width("systemd＝1", "028")]
#[case::section_hyphen("[my-section]", "006")]
#[case::section_blank("[boot ]", "006")]
#[case::section_lead("[ boot]", "006")]
#[case::toml_table("[[boot]]", "006")]
#[case::section_comment("[boot] ; x", "004")]
#[case::section_text("[boot] x", "005")]
fn lines_that_wsl_cannot_read(#[case] line: &str, #[case] rule: &str) {
    let text = format!("[boot]\n{line}\n");
    assert_eq!(found("wsl.conf", &text), ["001@2".to_owned(), format!("{rule}@2")]);
}

#[rstest]
#[case(".wslconfig", "[wsl2]\nmemory=8gb\n", "[wsl2]\nmemory=8GB\n")]
#[case(".wslconfig", "[wsl2]\nmemory=8GiB # x\n", "[wsl2]\nmemory=8GB # x\n")]
#[case(".wslconfig", "[wsl2]\r\nmemory = \"8 g\"\r\n", "[wsl2]\r\nmemory = 8GB\r\n")]
#[case(".wslconfig", "[wsl2]\nkernel=C:\\Temp\\k # x\n", "[wsl2]\nkernel=C:\\\\Temp\\\\k # x\n")]
#[case(".wslconfig", "[wsl2]\n;a\n//b\n", "[wsl2]\n#a\n#b\n")]
#[case("wsl.conf", "[net]\nhostname=a\n", "[network]\nhostname=a\n")]
#[case("wsl.conf", "systemd=yes", "[boot]\nsystemd=true")]
#[case("wsl.conf", "# [boot]\nsystemd=on\n", "[boot]\nsystemd=true\n")]
#[case("wsl.conf", "[boot]\r\nsystemd: 1\r\n", "[boot]\nsystemd= 1\n")]
#[case("wsl.conf", "[boot] systemd=1", "[boot]\nsystemd=1")]
#[case("wsl.conf", "\u{FEFF}[boot]\nsystemd=1\n", "[boot]\nsystemd=1\n")]
#[case(
    ".wslconfig",
    "[wsl2]\nnetworkingMode=mirrored\nhostAddressLoopback=true # a\n",
    "[wsl2]\nnetworkingMode=mirrored\n[experimental]\nhostAddressLoopback=true # a\n"
)]
#[case(
    ".wslconfig",
    "[experimental]\nsparseVhd=true\n[wsl2]\nautoMemoryReclaim=gradual\n",
    "[experimental]\nautoMemoryReclaim=gradual\nsparseVhd=true\n[wsl2]\n"
)]
#[case("go.env", "GOPROXY=https://m.example,direct\n", "GOPROXY=https://m.example|direct\n")]
#[case(".profile", "export A=1\r\nexport B=2\r\n", "export A=1\nexport B=2\n")]
#[case("Dockerfile", "FROM golang:1\nENV GOROOT=/x\nRUN a\n", "FROM golang:1\nRUN a\n")]
fn fixes_keep_comments_and_line_ends(
    #[case] name: &str,
    #[case] text: &str,
    #[case] expected: &str,
) {
    assert_eq!(fixed(name, text), expected);
}

#[rstest]
#[case::quoted_hash("wsl.conf", "[boot]\ncommand=\"a # b\" # c\n")]
#[case::every_key(
    "wsl.conf",
    "[automount]\nenabled=true\nroot=/mnt/\noptions=\"metadata,umask=022\"\nmountFsTab=true\n[network]\nhostname=dev\ngenerateHosts=true\n[interop]\nenabled=true\nappendWindowsPath=false\n[user]\ndefault=me\n[boot]\nsystemd=true\n[time]\nuseWindowsTimezone=true\n[gpu]\nenabled=true\n"
)]
#[case::documented(
    ".wslconfig",
    "# all\n[wsl2]\nmemory=4GB\nprocessors=2\nkernel=C:\\\\temp\\\\myCustomKernel\nkernelCommandLine = vsyscall=emulate\nswap=8GB\nswapfile=C:\\\\temp\\\\wsl-swap.vhdx\nlocalhostforwarding=true\nnestedVirtualization=false\ndebugConsole=true\n[experimental]\nsparseVhd=true\n"
)]
#[case::continued(".wslconfig", "[wsl2]\nkernelCommandLine=a \\\n b\n")]
#[case::resolver(
    "resolv.conf",
    "# Generated\nnameserver 10.255.255.254\nsearch corp.example\noptions edns0 trust-ad\n"
)]
#[case::nsswitch("nsswitch.conf", "hosts: files resolve [!UNAVAIL=return] dns\n")]
#[case::hosts("hosts", "127.0.0.1 localhost\n::1 ip6-localhost\n")]
#[case::image(
    "Dockerfile",
    "FROM golang:1.27 AS build\nWORKDIR /src\nCOPY . .\nRUN go build -o /app .\nFROM gcr.io/distroless/static\nCOPY --from=build /app /app\n"
)]
#[case::profile(
    ".bashrc",
    "export PATH=$PATH:/usr/local/go/bin:$HOME/go/bin\nexport GOPROXY=https://proxy.golang.org,direct\n"
)]
#[case::settings(
    "settings.json",
    "{\n  // c\n  \"editor.tabSize\": 4,\n  \"go.useLanguageServer\": true\n}\n"
)]
#[case::go_env(
    "go.env",
    "GOPROXY=https://proxy.golang.org,direct\nGOSUMDB=sum.golang.org\nGOTOOLCHAIN=local\n"
)]
#[case::umask("wsl.conf", "[filesystem]\numask=0022\n")]
fn nothing_is_found_in_what_is_right(#[case] name: &str, #[case] text: &str) {
    assert_eq!(found(name, text), [""; 0]);
}

#[rstest]
#[case::drive("wsl.conf", "[automount]\nroot=C:\\\noptions=x\n", &["037@2", "015@2"])]
#[case::continued_by_intention("wsl.conf", "[boot]\ncommand=a \\\n b\n", &[])]
#[case::foreign_in_profile(".bashrc", "export GOPATH='C:\\work'\n", &["052@1"])]
#[case::relative_in_profile(".bashrc", "export GOBIN=bin\n", &["052@1"])]
#[case::goroot_on_a_drive(".bashrc", "export GOROOT='/mnt/c/Program Files/Go'\n", &["044@1"])]
#[case::gopath_is_the_usual_goroot("environment", "GOPATH=c:\\go\n", &["050@1"])]
#[case::bytes(".wslconfig", "[wsl2]\nmemory=8\nswap=0\n", &["032@2"])]
#[case::home_in_profile(".bashrc", "export GOBIN=~/bin GOPATH=$HOME/go\n", &[])]
fn paths_that_lead_nowhere(#[case] name: &str, #[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(found(name, text), expected);
}

#[test]
fn twins_with_the_default_by_word_and_by_silence_are_one() {
    let files = [
        ("linux/.config/go/env", "GOPROXY=https://proxy.golang.org,direct\n"),
        ("windows/AppData/Roaming/go/env", "GOSUMDB=sum.golang.org\n"),
        ("usr/local/go/go.env", "GOTOOLCHAIN=auto\n"),
    ];
    let set = Set::of_texts(&files, Options::default());
    assert_eq!(lint(&set).len(), 0);
    let table = twinproof_configlint::doctor::compare(&set);
    assert_eq!((table.twins.len(), table.differing()), (2, vec![]));
}

#[rstest]
#[case::export(".config/go/env", "export GOPATH=/home/u/go\n", &["051@1"])]
#[case::blank(".config/go/env", "GOPATH = /home/u/go\n", &["051@1"])]
#[case::no_equals(".config/go/env", "GOPATH\n", &["051@1"])]
#[case::comment(".config/go/env", "# GOPATH\n\nGOPATH=/home/u/go\n", &[])]
#[case::home(".config/go/env", "GOPATH=~/go\n", &["052@1"])]
#[case::variable(".config/go/env", "GOBIN=$HOME/bin\n", &["052@1"])]
#[case::of_windows("AppData/Roaming/go/env", "GOBIN=%USERPROFILE%\\bin\n", &["052@1"])]
#[case::semicolon("go.env", "GOPROXY=https://a.example;https://b.example\n", &["060@1"])]
#[case::blank_in_list("go.env", "GOPROXY=https://a.example direct\n", &["060@1"])]
#[case::scheme("go.env", "GOPRIVATE=https://git.corp.example\n", &["061@1"])]
#[case::all_private("go.env", "GOPRIVATE=*\n", &["061@1"])]
#[case::all_unverified("go.env", "GONOSUMDB=*\n", &["061@1"])]
#[case::all_insecure("go.env", "GOINSECURE=*\n", &["061@1"])]
#[case::some_private("go.env", "GOPRIVATE=*.corp.example\n", &[])]
fn settings_of_go_that_do_something_else(
    #[case] name: &str,
    #[case] text: &str,
    #[case] expected: &[&str],
) {
    assert_eq!(found(name, text), expected);
}

#[rstest]
#[case::keyword("resolv.conf", "nameserver: 192.0.2.1\n", &["066@1"])]
#[case::plural("resolv.conf", "nameservers 192.0.2.1\n", &["066@1"])]
#[case::two_lists("resolv.conf", "search a\nsearch b\nnameserver 192.0.2.1\n", &["066@1"])]
#[case::domain_and_search("resolv.conf", "search a\ndomain b\nnameserver 192.0.2.1\n", &["066@1"])]
#[case::line_ends("resolv.conf", "nameserver 192.0.2.1\r\n", &["066@1"])]
#[case::sortlist("resolv.conf", "nameserver 192.0.2.1\nsortlist 192.0.2.0\n", &[])]
#[case::ends_at_files("nsswitch.conf", "hosts: files [NOTFOUND=return] dns\n", &["068@1"])]
#[case::ends_after_dns("nsswitch.conf", "hosts: files dns [NOTFOUND=return] myhostname\n", &[])]
fn files_of_the_resolver(#[case] name: &str, #[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(found(name, text), expected);
}

#[rstest]
#[case::option("mount -o bind /x /usr/local/go/bin\n", &["080@1"])]
#[case::options("mount -o ro,bind /x /usr/local/go/bin\n", &["080@1"])]
#[case::variable("mount --bind /x \"$GOROOT/bin\"\n", &["080@1"])]
#[case::elsewhere("mount -o bind /x /usr/local/gobin\n", &[])]
#[case::read_only("mount -o remount,ro /usr/local/go/bin\n", &[])]
#[case::inner_shell("sudo sh -c 'echo nameserver 192.0.2.1 > /etc/resolv.conf'\n", &["065@1"])]
#[case::sed("sudo sed -i s/a/b/ /etc/resolv.conf\n", &["065@1"])]
#[case::sed_reads("sed s/a/b/ /etc/resolv.conf\n", &[])]
#[case::copied_to("cp mine /etc/resolv.conf\n", &["065@1"])]
#[case::copied_from("cp /etc/resolv.conf mine\n", &[])]
#[case::editor("sudo nano /etc/resolv.conf\n", &["065@1"])]
#[case::alias("alias go=go.exe\n", &["044@1"])]
#[case::short_name("pwsh -c 'ps | select Id, ParentId'\n", &["084@1"])]
#[case::member("pwsh -c '(Get-Process go).ParentId'\n", &["084@1"])]
#[case::right_member("pwsh -c '(Get-Process go).Parent.Id'\n", &[])]
fn commands_of_a_script(#[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(found("fix.sh", text), expected);
}

#[rstest]
#[case::variable("```powershell\n$env:GOSUMDB = \"off\"\n```\n", &["061@2"])]
#[case::variable_at_once("```powershell\n$env:GOSUMDB='off'\n```\n", &["061@2"])]
#[case::variable_read("Look at `$env:GOSUMDB` first.\n", &[])]
#[case::property(
    "```powershell\nNew-ItemProperty HKCU:\\Software\\Lxss -Name Environment -Value 'A=1'\n```\n",
    &["069@2"]
)]
#[case::reg("```cmd\nreg add HKCU\\Software\\Lxss /v Environment /t REG_SZ /d A=1\n```\n", &["069@2"])]
#[case::section("```ini\n[net]\ngenerateResolvConf=false\n```\n", &["042@2", "063@3"])]
#[case::no_file_of_wsl("```ini\n[core]\nenabled=true\nroot=/a\n```\n", &[])]
fn snippets_of_a_document(#[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(found("guide.md", text), expected);
}

#[rstest]
#[case::written("Dockerfile", "FROM golang:1.27\nRUN go env -w GOSUMDB=off\n", &["056@2"])]
#[case::path("settings.json", "{ \"go.alternateTools\": { \"go\": \"/mnt/c/Go/bin/go.exe\" } }\n", &["044@1"])]
#[case::escape("settings.json", "{ \"a\": \"C:\\Go\" }\n", &["079@1"])]
#[case::escaped("settings.json", "{ \"a\": \"C:\\\\Go\" }\n", &[])]
#[case::unwanted(
    "extensions.json",
    "{ \"recommendations\": [\"a.b\"],\n\"unwantedRecommendations\": [\"golang.go\"] }\n",
    &["075@2"]
)]
#[case::cgroup(".wslconfig", "[wsl2]\nkernelCommandLine=cgroup_no_v1=all\n", &["086@2"])]
fn images_editors_and_kernels(#[case] name: &str, #[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(found(name, text), expected);
}
