//! Whole kinds of mistakes, beyond the examples of the rules.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails its test")]

use rstest::rstest;
use twinproof_configlint::source::Source;
use twinproof_configlint::{Options, Set, fix, lint};

/// The findings, as `CONF-xxx@line`.
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
#[case::recommended("extensions.json", "{ \"recommendations\": [\"a.b\"] }\n", &[])]
#[case::installed("extensions.json", "[{ \"identifier\": { \"id\": \"a.b\" } }]\n", &["075@1"])]
#[case::cgroup(".wslconfig", "[wsl2]\nkernelCommandLine=cgroup_no_v1=all\n", &["086@2"])]
fn images_editors_and_kernels(#[case] name: &str, #[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(found(name, text), expected);
}

#[rstest]
#[case::argument("FROM golang:1.27\nARG X=/usr/lib/go\nENV GOROOT=$X\n", &["054@3"])]
#[case::argument_of_the_base("ARG B=golang:1.27\nFROM $B\nENV GOROOT=/usr/lib/go\n", &["054@3"])]
#[case::argument_with_the_right_value("FROM golang:1.27\nARG X=/usr/local/go\nENV GOROOT=${X}\n", &[])]
#[case::default_in_place("FROM golang:1.27\nARG X\nENV GOROOT=${X:-/usr/lib/go}\n", &[])]
#[case::unknown_argument("FROM golang:1.27\nARG X\nENV GOROOT=$X GOBIN=$X/bin\n", &[])]
#[case::global("ARG X=/go/bin\nFROM golang:1.27\nARG X\nENV GOBIN=$X\n", &[])]
#[case::forgotten("ARG X=/go/bin\nFROM golang:1.27\nENV GOBIN=$X\n", &["088@3"])]
#[case::env_of_a_stage("FROM golang:1.27 AS a\nENV X=/usr/lib/go\nFROM A\nENV GOROOT=$X\n", &["054@4"])]
#[case::doubled("FROM golang:1.27\nENV A=aaaaaaaa\nENV GOROOT=/usr/local/go\n", &[])]
#[case::command("FROM x\nENV PATH=\"$PATH:$(go env GOPATH)/bin\"\n", &["088@2"])]
#[case::backticks("FROM x\nENV A=`date`\n", &["088@2"])]
#[case::command_is_meant("FROM x\nENV PS1='$(pwd)' B=\"\\$(date)\"\n", &[])]
#[case::home("FROM x\nENV GOPATH=~/go\n", &["088@2"])]
#[case::quoted("FROM x\nENV PATH='$PATH:/go/bin'\n", &["088@2"])]
#[case::same_line("FROM golang:1.27\nENV GOPATH=/x PATH=$PATH:$GOPATH/bin\n", &["088@2"])]
#[case::same_line_same_value("FROM golang:1.27\nENV GOPATH=/go PATH=$PATH:$GOPATH/bin\n", &[])]
#[case::next_line("FROM golang:1.27\nENV GOPATH=/x\nENV PATH=$PATH:$GOPATH/bin\n", &[])]
#[case::exported("FROM x\nRUN export A=1\n", &["088@2"])]
#[case::exported_and_used("FROM x\nRUN export A=1 && make\n", &[])]
#[case::of_windows("FROM mcr.microsoft.com/windows/servercore\nENV GOPATH=C:\\\\go\n", &[])]
// The builder takes the escape away: `C:go` is left.
#[case::of_windows_escaped("FROM mcr.microsoft.com/windows/servercore\nENV GOPATH=C:\\go\n", &["052@2"])]
#[case::here_document("FROM x\nRUN cat <<EOF > /x\nexport A=1\nEOF\n", &[])]
#[case::joined("FROM golang:1.27\nENV GOPATH=/go PATH=/usr/bin:\\\n/go/bin GOBIN=/go/bin\n", &[])]
#[case::other_image("FROM corp.example/golang:1\nENV GOROOT=/opt/go\n", &[])]
fn values_of_an_image(#[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(found("Dockerfile", text), expected);
}

#[rstest]
#[case::removed("-insecure", 1)]
#[case::blank("-mod mod", 2)]
#[case::value("-mod=mood", 1)]
#[case::no_value_of_mod("-mod=", 0)]
#[case::good_mode("-mod=vendor", 0)]
#[case::word("trimpath", 1)]
#[case::unknown("-trimpaths", 1)]
#[case::dashes("--trimpath --tags=a", 0)]
#[case::lone_dash("-", 1)]
#[case::truth("-race=yes", 1)]
#[case::good_truth("-race=true -buildvcs=auto -buildvcs=0", 0)]
#[case::no_truth("-buildvcs=maybe", 1)]
#[case::quoted("'-ldflags=-s -w' \"-gcflags=all=-N -l\"", 0)]
#[case::unquoted("-ldflags=-s -w", 0)]
#[case::unquoted_word("-ldflags=-X main.v=1", 1)]
#[case::quoted_inside("-ldflags=\"-s -w\"", 1)]
#[case::quoted_inside_without_blank("-ldflags=\"-s\"", 0)]
#[case::open("'-ldflags=-s", 1)]
#[case::folder("-C=/src", 1)]
#[case::of_tests("-count=1 -test.v -short -timeout=5m", 0)]
#[case::shell("-tags=$TAGS -nosuch", 0)]
#[case::tabs("-v\t-x", 0)]
#[case::separated_by_commas("-mod=mod,-v", 1)]
fn flags_as_go_takes_them(#[case] flags: &str, #[case] count: usize) {
    let expected = vec!["089@1"; count];
    assert_eq!(found(".config/go/env", &format!("GOFLAGS={flags}\n")), expected);
}

#[rstest]
#[case::profile(".bashrc", "export GOFLAGS=\"-mod mod\"\n", &["089@1", "089@1"])]
#[case::profile_quoted(".bashrc", "export GOFLAGS='-mod=mod -trimpath'\n", &[])]
#[case::image("Dockerfile", "FROM x\nENV GOFLAGS=-nosuch\n", &["056@2", "089@2"])]
#[case::editor("settings.json", "{\"go.toolsEnvVars\": {\"GOFLAGS\": \"-nosuch\"}}\n", &["089@1"])]
#[case::editor_proxy("settings.json", "{\"go.toolsEnvVars\": {\"GOPROXY\": \"https://a.example,,direct\"}}\n", &["059@1", "060@1"])]
#[case::editor_tags("settings.json", "{\"go.toolsEnvVars\": {\"GOFLAGS\": \"-tags=integration\"}}\n", &[])]
fn settings_of_go_in_other_files(
    #[case] name: &str,
    #[case] text: &str,
    #[case] expected: &[&str],
) {
    assert_eq!(found(name, text), expected);
}

#[rstest]
#[case::name_first("proxy 192.0.2.7", 1)]
#[case::port("192.0.2.7:80 proxy", 1)]
#[case::network("192.0.2.0/24 proxy", 1)]
#[case::address_alone("192.0.2.7", 1)]
#[case::commented_name("192.0.2.7 # proxy", 1)]
#[case::pattern("192.0.2.7 *.corp.example", 1)]
#[case::url("192.0.2.7 https://proxy", 1)]
#[case::path("192.0.2.7 proxy/x", 1)]
#[case::port_of_a_name("192.0.2.7 proxy:8080", 1)]
#[case::commas("192.0.2.7 a,b", 1)]
#[case::two_addresses("192.0.2.7 192.0.2.8 proxy", 1)]
#[case::letters("192.0.2.7 müller.example", 1)]
#[case::octets("192.0.2.777 proxy", 1)]
#[case::three_octets("192.0.2 proxy", 1)]
#[case::equals("proxy=192.0.2.7", 1)]
#[case::brackets("[::1] six", 1)]
#[case::semicolon("; old", 1)]
#[case::slashes("// old", 1)]
#[case::comment("  # old", 0)]
#[case::aliases("192.0.2.7\tproxy.corp.example proxy my_host host. # c", 0)]
#[case::six("fe80::1%lo0 localhost", 0)]
#[case::mapped("::ffff:192.0.2.7 mapped", 0)]
#[case::blocked("0.0.0.0 0.0.0.0", 0)]
#[case::empty_part("192.0.2.7 a..b", 1)]
#[case::blanks("   192.0.2.7   proxy", 0)]
fn lines_of_hosts(#[case] line: &str, #[case] count: usize) {
    let text = format!("127.0.0.1 localhost\n{line}\n");
    assert_eq!(found("hosts", &text), vec!["087@2"; count]);
}

#[rstest]
#[case::timeout("options timeout:60", 1)]
#[case::attempts("options attempts:10", 1)]
#[case::dots("options ndots:99", 1)]
#[case::largest("options timeout:30 attempts:5", 0)]
#[case::no_attempt("options attempts:0", 1)]
#[case::no_number("options timeout:abc", 1)]
#[case::no_colon("options timeout", 1)]
#[case::equals("options timeout=5", 1)]
#[case::comma("options timeout:1,attempts:2", 1)]
#[case::negative("options ndots:-1", 1)]
#[case::misspelt("options rotated", 1)]
#[case::known("options edns0 trust-ad rotate use-vc single-request-reopen no-aaaa debug", 0)]
#[case::two_servers("nameserver 192.0.2.2 192.0.2.3", 1)]
#[case::server_again("nameserver 192.0.2.1", 1)]
#[case::commented_server("nameserver 192.0.2.2 # c", 0)]
#[case::glued_comment("nameserver 192.0.2.2#c", 1)]
#[case::blank_in_front(" nameserver 192.0.2.2", 1)]
#[case::zone("nameserver fe80::1%eth0", 0)]
#[case::commented_search("search lan # home", 1)]
#[case::commas("search a,b", 1)]
#[case::no_suffix("search", 1)]
#[case::root("search .", 0)]
#[case::two_domains("domain a b", 1)]
#[case::indented_comment("  # a comment", 0)]
fn lines_of_resolv_conf(#[case] line: &str, #[case] count: usize) {
    let text = format!("nameserver 192.0.2.1\n{line}\n");
    assert_eq!(found("resolv.conf", &text), vec!["066@2"; count]);
}

#[rstest]
#[case::conf("wsl.conf", "[boot]\rsystemd=true\r", &["090@1"])]
#[case::conf_with_comment("wsl.conf", "[boot]\r# c\rsystemd=true\r", &["090@1"])]
#[case::config(".wslconfig", "[wsl2]\rswap=0\r", &["090@1"])]
#[case::go_env("go.env", "GOPROXY=off\rGOSUMDB=sum.golang.org\r", &["090@1"])]
#[case::resolver("resolv.conf", "nameserver 192.0.2.1\rsearch lan\r", &["090@1"])]
#[case::hosts("hosts", "127.0.0.1 localhost\r::1 localhost\r", &["090@1"])]
#[case::profile(".profile", "A=1\rexport A\r", &["090@1"])]
#[case::settings("settings.json", "{\r\"a\": 1\r}\r", &[])]
#[case::last_byte("wsl.conf", "[boot]\nsystemd=true\r", &[])]
fn lines_that_end_in_cr_alone(#[case] name: &str, #[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(found(name, text), expected);
    assert!(!fixed(name, text).contains('\r') || expected.is_empty());
}

#[test]
fn a_comment_that_cr_does_not_end_says_what_is_lost() {
    let text = "[boot]\r# c\rsystemd=true\r[network]\rhostname=dev\r";
    let set = Set::of_texts(&[("wsl.conf", text)], Options::default());
    assert_eq!(
        lint(&set)[0].effect(),
        "The comment of line 2 goes on: lost is `systemd` and `hostname`."
    );
}

#[rstest]
#[case::export("export A=1", 1)]
#[case::export_and_use("export A=1 && /bin/x", 0)]
#[case::assignment("A=1", 1)]
#[case::cd("cd /tmp", 1)]
#[case::cd_and_use("cd /tmp && ./x", 0)]
#[case::limit("ulimit -n 4096", 1)]
#[case::source("source /etc/profile && x", 1)]
#[case::dot(". /etc/profile && x", 0)]
#[case::test("[[ -e /x ]] && x", 1)]
#[case::both("x &> /dev/null", 1)]
#[case::both_by_number("x > /dev/null 2>&1", 0)]
#[case::lost_quotes("bash -c \"service a start\"", 1)]
#[case::whole_quotes("\"bash -c 'service a start'\"", 0)]
#[case::escaped_quotes("bash -c \\\"service a start\\\"", 0)]
#[case::quoted_word("x \"y\"", 0)]
#[case::home("touch ~/x", 1)]
#[case::service("service docker start", 0)]
#[case::mount("mount --make-rshared /", 0)]
#[case::loop_("for d in a b; do mkdir -p /x/$d; done", 0)]
fn commands_of_the_boot(#[case] command: &str, #[case] count: usize) {
    let text = format!("[boot]\ncommand={command}\n");
    assert_eq!(found("wsl.conf", &text), vec!["077@2"; count]);
}

#[rstest]
#[case::firewall("networkingMode=none\nfirewall=true\n", &["039@3"])]
#[case::firewall_off("networkingMode=none\nfirewall=false\n", &["039@3"])]
#[case::proxy("networkingMode=none\nautoProxy=true\n", &["039@3"])]
#[case::dns("networkingMode=none\ndnsTunneling=true\ndnsProxy=false\n", &["039@3", "039@4"])]
#[case::forwarding("networkingMode=none\nlocalhostForwarding=true\n", &["039@3"])]
#[case::bridged("networkingMode=bridged\nvmSwitch=x\nfirewall=false\n", &["039@4"])]
#[case::nat("networkingMode=nat\nfirewall=false\ndnsProxy=false\nautoProxy=true\n", &[])]
#[case::modules("kernelModules=C:\\\\m.vhdx\n", &["039@2"])]
#[case::modules_of_a_kernel("kernel=C:\\\\k\nkernelModules=C:\\\\m.vhdx\n", &[])]
fn settings_without_effect(#[case] lines: &str, #[case] expected: &[&str]) {
    assert_eq!(found(".wslconfig", &format!("[wsl2]\n{lines}")), expected);
}

#[rstest]
#[case::asked("export PATH=$PATH:$(go env GOROOT)/bin\n", &["091@1"])]
#[case::asked_quoted("export PATH=\"$PATH:`go env GOROOT`/bin\"\n", &["091@1"])]
#[case::gopath("export PATH=$PATH:$(go env GOPATH)/bin\n", &[])]
#[case::windows("export GOPATH=$(go.exe env GOPATH)\n", &["091@1"])]
#[case::set_below("export PATH=$PATH:$GOROOT/bin\nexport GOROOT=/usr/local/go\n", &["091@1"])]
#[case::set_above("export GOROOT=/usr/local/go\nexport PATH=$PATH:${GOROOT}/bin\n", &[])]
#[case::set_elsewhere("export PATH=$PATH:$GOPATH/bin\n", &[])]
#[case::with_default("export PATH=$PATH:${GOPATH:-$HOME/go}/bin\nexport GOPATH=/x\n", &[])]
#[case::single("export PATH='$PATH:/usr/local/go/bin'\n", &["091@1"])]
#[case::home_in_quotes("export GOPATH=\"~/go\"\n", &["091@1"])]
#[case::home("export GOPATH=~/go PATH=\"$HOME/bin:$PATH\"\n", &[])]
#[case::mount("mount --bind /x $(go env GOROOT)/bin\n", &["080@1"])]
#[case::here_document("cat <<EOF > /x\nexport GOPATH='~'\nsudo systemd-resolve x\nEOF\n", &[])]
fn folders_of_a_profile(#[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(found(".profile", text), expected);
}

#[rstest]
#[case::module("GO111MODULE=true", 1)]
#[case::module_auto("GO111MODULE=auto", 0)]
#[case::cgo("CGO_ENABLED=yes", 1)]
#[case::processor("GOARCH=x86_64", 1)]
#[case::system("GOOS=Linux", 1)]
#[case::level("GOAMD64=2", 1)]
#[case::toolchain("GOTOOLCHAIN=1.22", 1)]
#[case::latest("GOTOOLCHAIN=latest", 1)]
#[case::named_toolchain("GOTOOLCHAIN=go1.22.1+path", 0)]
#[case::local("GOTOOLCHAIN=local", 0)]
#[case::own_toolchain("GOTOOLCHAIN=corp-go1.22.1", 0)]
#[case::cache("GOCACHE=off", 1)]
#[case::empty("GOOS=", 0)]
fn values_that_go_does_not_know(#[case] line: &str, #[case] count: usize) {
    assert_eq!(found(".config/go/env", &format!("{line}\n")), vec!["092@1"; count]);
}

#[rstest]
#[case::mask("umask=8", 1)]
#[case::semicolon("metadata;uid=1000", 1)]
#[case::blank("\"metadata, uid=1000\"", 1)]
#[case::name("uid=me", 1)]
#[case::misspelt("metdata", 1)]
#[case::case_("case=yes", 1)]
#[case::good("\"metadata,uid=1000,gid=1000,umask=022,fmask=11,case=dir\"", 0)]
#[case::of_mount("noatime,nosuid,ro", 0)]
fn options_of_the_drives(#[case] options: &str, #[case] count: usize) {
    let text = format!("[automount]\noptions={options}\n");
    assert_eq!(found("wsl.conf", &text), vec!["093@2"; count]);
}

#[rstest]
#[case::blank("my user", 1)]
#[case::number("1000", 1)]
#[case::nothing("", 1)]
#[case::domain("DOMAIN\\\\me", 1)]
#[case::good("me.too-1_a", 0)]
fn default_users(#[case] user: &str, #[case] count: usize) {
    assert_eq!(found("wsl.conf", &format!("[user]\ndefault={user}\n")), vec!["093@2"; count]);
}

#[rstest]
#[case::no_arguments("FROM golang:1.27\nENV\n", &["094@2"])]
#[case::other("FROM golang:1.27\nBUILD x\n", &["094@2"])]
#[case::empty("", &[])]
fn dockerfiles_that_cannot_be_read(#[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(found("Dockerfile", text), expected);
}

#[rstest]
#[case::no_colon("hosts files dns", 1)]
#[case::database("host: files dns", 1)]
#[case::service("hosts: files dsn", 2)]
#[case::action("hosts: files [NOTFOUND=retrun] dns", 1)]
#[case::no_brackets("hosts: files NOTFOUND=return dns", 1)]
#[case::commas("hosts: files,dns", 2)]
#[case::blanks_in_an_action("hosts: files mdns4_minimal [ !UNAVAIL = return ] dns", 1)]
#[case::good("hosts: files resolve [!UNAVAIL=return] dns myhostname", 0)]
#[case::other("sudoers: files\nnetgroup: nis sss", 0)]
fn lines_of_nsswitch(#[case] line: &str, #[case] count: usize) {
    let found: Vec<String> = found("nsswitch.conf", &format!("{line}\n"));
    assert_eq!(found, vec!["068@1"; count]);
}

#[rstest]
#[case::blanks("export GOPATH = /x\n", &["091@1"])]
#[case::blank("GOPATH =/x\n", &["091@1"])]
#[case::set("set GOPATH=/x\n", &["091@1"])]
#[case::dollar("export $GOPATH=/x\n", &["091@1"])]
#[case::options("set -e\n", &[])]
#[case::other("x = 1\n", &[])]
fn assignments_that_are_none(#[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(found(".bashrc", text), expected);
}

#[rstest]
#[case::number("{\"go.goroot\": 1}", &["079@1"])]
#[case::list("{\"go.toolsEnvVars\": [\"A=1\"]}", &["079@1"])]
#[case::null("{\"go.goroot\": null}", &[])]
fn settings_of_another_kind(#[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(found("settings.json", text), expected);
}

#[rstest]
#[case::control_z(".wslconfig", "[wsl2]\nmemory=4GB\n\u{1A}\nswap=0\n", &["028@3"])]
#[case::bridged(".wslconfig", "[wsl2]\nnetworkingMode=bridged\n", &["039@2"])]
#[case::bridged_to(".wslconfig", "[wsl2]\nnetworkingMode=bridged\nvmSwitch=x\n", &[])]
#[case::mask("wsl.conf", "[filesystem]\numask=999\n", &["030@2"])]
#[case::relative("Dockerfile", "FROM golang:1.27\nENV GOCACHE=cache\n", &["052@2"])]
#[case::overwritten(".bashrc", "printf x >| /etc/resolv.conf\n", &["065@1"])]
#[case::descriptor(".bashrc", "echo x >&2 /etc/resolv.conf\n", &[])]
fn more_of_the_kinds(#[case] name: &str, #[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(found(name, text), expected);
}

#[test]
fn unrelated_files_of_one_check_are_not_compared() {
    let files = [
        ("a/wsl.conf", "[boot]\nsystemd=true\n"),
        ("b/resolv.conf", "nameserver 192.0.2.1\n"),
        ("c/Dockerfile", "FROM golang:1.27\nENV GOTOOLCHAIN=local\n"),
        ("d/Dockerfile", "FROM golang:1.27\n"),
        ("home/.config/go/env", "GOPRIVATE=corp.example/*\n"),
    ];
    let set = Set::of_texts(&files, Options::default());
    let found: Vec<_> = lint(&set).iter().map(|f| (f.rule.id, f.file)).collect();
    // The image sets what its builder has otherwise.
    assert_eq!(found, [("CONF-074", 2)]);
}

#[rstest]
#[case::hosts(
    "hosts",
    "192.0.2.1 a\n",
    "its first line names nothing",
    "no line of it names anything"
)]
#[case::resolv_conf(
    "resolv.conf",
    "nameserver 192.0.2.1\n",
    "its first line is lost",
    "no line of it is read"
)]
fn files_that_are_read_as_plain_utf8_have_no_mark_and_are_not_utf16(
    #[case] name: &str,
    #[case] text: &str,
    #[case] mark: &str,
    #[case] wide: &str,
) {
    let marked = [&[0xef, 0xbb, 0xbf], text.as_bytes()].concat();
    let utf16 = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, expected) in [(marked, mark), (utf16, wide)] {
        let source = Source::new(name.to_owned(), None, bytes);
        let set = Set::new(vec![source], Options::default());
        let found: Vec<String> = lint(&set).iter().map(|f| f.message.clone()).collect();
        assert_eq!(found.iter().filter(|m| m.ends_with(expected)).count(), 1, "{found:?}");
    }
}
