//! The rules one by one: arguments, mounts, names, links.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails its test")]

use rstest::rstest;
use std::collections::BTreeMap;
use twinproof_wslpath::{MemoryWorld, run};

const DRIVES: &[&str] = &[
    "1 0 0:1 / / rw - ext4 /dev/sda rw",
    r"2 1 0:2 / /mnt/c rw,noatime - 9p C:\134 rw,aname=drvfs;path=C:\;uid=1000,trans=fd",
    r"3 1 0:3 / /mnt/share rw shared:1 - 9p drvfs rw,aname=drvfs;path=UNC\srv\share",
];

/// A machine with these mounts; `paths` are directories (`/` at the end), links (` -> `), files.
fn machine(mounts: &[&str], paths: &[&str], environment: &[(&str, &str)]) -> MemoryWorld {
    let environment: BTreeMap<_, _> =
        environment.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let mut world = MemoryWorld::new(environment);
    for path in paths {
        match (path.split_once(" -> "), path.strip_suffix('/')) {
            (Some((path, target)), _) => world.add_link(path.as_bytes(), target.as_bytes()),
            (None, Some(path)) => world.add_directory(path.as_bytes()),
            (None, None) => world.add_file(path.as_bytes()),
        }
        .unwrap();
    }
    world.set_mountinfo(mounts.join("\n").as_bytes());
    world
}

/// Output of the program; `None` if it fails.
fn wslpath(world: &MemoryWorld, directory: &str, arguments: &[&str]) -> Option<String> {
    let output = run(&world.at(directory.as_bytes()).unwrap(), arguments).ok()?;
    Some(String::from_utf8(output).unwrap())
}

fn usual() -> MemoryWorld {
    let mut deep = String::from("/deep");
    while deep.len() < 3900 {
        deep.push_str("/0123456789012345678901234567890123456789");
    }
    deep.push('/');
    let mut paths = vec![
        "/home/u/d/",
        "/home/u/f",
        "/home/u/loop -> loop",
        "/home/u/c -> /mnt/c/Users",
        "/home/u/up -> ../..",
        "/home/u/slash -> d/",
        "/home/u/gone -> nowhere",
        "/mnt/c/Users/u/",
        "/mnt/c/Users/rel -> u",
        "/mnt/share/",
        "/l0 -> /home/u",
        deep.as_str(),
    ];
    let chain: Vec<String> = (1..45).map(|n| format!("/l{n} -> l{}", n - 1)).collect();
    paths.extend(chain.iter().map(String::as_str));
    machine(DRIVES, &paths, &[("WSL_DISTRO_NAME", "D")])
}

#[rstest]
#[case(&["-u", r"C:\"], Some("/mnt/c/"))]
#[case(&["-u", r"C:\Foo\"], Some("/mnt/c/Foo/"))]
#[case(&["-u", "C:/Foo/bar"], Some("/mnt/c/Foo/bar"))]
#[case(&["-u", r"foo\"], Some("foo/"))]
#[case(&["-u", "."], Some("."))]
#[case(&["-u", r"\\?\C:\Users"], Some("/mnt/c/Users"))]
#[case(&["-u", r"\\wsl.localhost\D"], Some("/"))]
#[case(&["-u", r"\\wsl$\D\proc\stat"], Some("/proc/stat"))]
#[case(&["-u", r"\\wsl.localhost\D-other\foo"], None)]
#[case(&["-w", "/mnt/c"], Some(r"C:\"))]
#[case(&["-w", "/mnt/c/DOESNOTEXIST/"], Some(r"C:\DOESNOTEXIST\"))]
#[case(&["-w", "/"], Some(r"\\wsl.localhost\D\"))]
#[case(&["-w", r"/mnt/c/wslpath_foo\:bar"], Some("C:\\wslpath_foo\u{F05C}\u{F03A}bar"))]
#[case(&["-u", "C:"], Some("C:"))]
#[case(&["-u", "C:foo"], None)]
#[case(&["-u", r"\foo"], None)]
#[case(&["-u", r"C:\..\x"], None)]
#[case(&["-u", r"C:\a\.\..\b"], Some("/mnt/c/a/b"))]
#[case(&["-u", ".."], Some("/home/"))]
#[case(&["-a", "."], Some("/home/u/"))]
#[case(&["-u", r"\\?\UNC\srv\share\x"], None)]
#[case(&["-u", r"\\srv\share\x"], Some("/mnt/share/x"))]
#[case(&["-u", r"\\SRV\Share\x"], Some("/mnt/share/x"))]
#[case(&["-u", r"\\srv\shareX"], None)]
#[case(&["-w", "/mnt/cc"], Some(r"\\wsl.localhost\D\mnt\cc"))]
#[case(&["-w", "/mnt/C/x"], Some(r"\\wsl.localhost\D\mnt\C\x"))]
#[case(&["-m", "/root"], Some("//wsl.localhost/D/root"))]
#[case(&["-w", "nofile"], Some("nofile"))]
#[case(&["-w", "d"], Some(r"\\wsl.localhost\D\home\u\d"))]
#[case(&["-aw", "nofile"], Some(r"\\wsl.localhost\D\home\u\nofile"))]
#[case(&["-u", ""], Some("."))]
#[case(&["-u", r"\\?\"], None)]
#[case(&["-u", r"\\"], None)]
fn each_measured_translation_holds(#[case] arguments: &[&str], #[case] expected: Option<&str>) {
    assert_eq!(wslpath(&usual(), "/home/u", arguments).as_deref(), expected);
}

#[rstest]
#[case::default(&["C:/x"], Some("/mnt/c/x"))]
#[case::group(&["-ua", "C:/x"], Some("/mnt/c/x"))]
#[case::repeated_absolute(&["-a", "-aa", "C:/x"], Some("/mnt/c/x"))]
#[case::after_the_path(&["/mnt/c/x", "-w"], Some(r"C:\x"))]
#[case::mode_twice(&["-u", "-u", "C:/x"], None)]
#[case::mode_twice_in_a_group(&["-uu", "C:/x"], None)]
#[case::unknown_in_a_group(&["-ux", "C:/x"], None)]
#[case::short_help(&["-h", "C:/x"], None)]
#[case::help(&["--help"], None)]
#[case::long_unknown(&["--u", "C:/x"], None)]
#[case::nothing(&[], None)]
#[case::no_path(&["-u"], None)]
#[case::two_paths(&["C:/x", "C:/y"], None)]
#[case::hyphen(&["-w", "-"], Some("-"))]
#[case::hyphen_is_replaced(&["-w", "-", "x"], Some("x"))]
#[case::hyphen_after_a_path(&["-w", "x", "-"], None)]
#[case::end_of_options(&["-w", "--", "-u"], Some("-u"))]
#[case::last_of_hyphens(&["-w", "--", "-u", "--", "-x"], Some("-x"))]
#[case::two_after_the_end(&["-w", "--", "x", "-y"], None)]
fn options_are_read_as_by_getopt(#[case] arguments: &[&str], #[case] expected: Option<&str>) {
    assert_eq!(wslpath(&usual(), "/home/u", arguments).as_deref(), expected);
}

#[rstest]
#[case::loops("loop", None)]
#[case::file_as_directory("f/", None)]
#[case::dot_below_file("f/.", None)]
#[case::parent_of_file("f/..", None)]
#[case::below_file("f/x", None)]
#[case::below_missing("gone/x", Some(r"gone\x"))]
#[case::link("c", Some(r"C:\Users"))]
#[case::link_with_slash("c/", Some(r"C:\Users\"))]
#[case::link_on_drive("c/rel", Some(r"C:\Users\u"))]
#[case::link_up("up/mnt/c", Some(r"C:\"))]
#[case::link_ending_in_slash("slash//", Some(r"\\wsl.localhost\D\home\u\d\"))]
#[case::parents("../u/./d/../c/..", Some(r"C:\"))]
#[case::above_root("../../../../mnt/c", Some(r"C:\"))]
#[case::two_slashes("//mnt/c", Some(r"C:\"))]
#[case::three_slashes("///mnt//c", Some(r"C:\"))]
#[case::links_39("/l38/d", Some(r"\\wsl.localhost\D\home\u\d"))]
#[case::links_40("/l39/d", None)]
#[case::trailing_dots_and_spaces("/mnt/c/a. ", Some(r"C:\a. "))]
fn only_paths_that_exist_are_translated(#[case] path: &str, #[case] expected: Option<&str>) {
    assert_eq!(wslpath(&usual(), "/home/u", &["-w", path]).as_deref(), expected);
}

#[rstest]
#[case::name_255("n", 255, true)]
#[case::name_256("n", 256, false)]
#[case::path_4095("/n", 2044, true)]
#[case::path_4097("/n", 2045, false)]
fn names_and_paths_have_a_longest_length(
    #[case] unit: &str,
    #[case] count: usize,
    #[case] works: bool,
) {
    let path = format!("/mnt/c/{}", unit.repeat(count));
    assert_eq!(wslpath(&usual(), "/", &["-w", &path]).is_some(), works);
}

#[rstest]
#[case::below_root("/", &["-u", "foo"], Some("/foo"))]
#[case::root_itself("/", &["-u", ""], None)]
#[case::drive_root("/mnt/c", &["-w", "no"], Some(r"C:\no"))]
#[case::drive("/mnt/c/Users", &["-w", "no"], Some("no"))]
#[case::drive_relative("/mnt/c/Users", &["-u", r"\x"], Some("/mnt/c/x"))]
#[case::on_drive_no_unescape("/mnt/c/Users", &["-u", "x\u{F03A}y"], Some("x\u{F03A}y"))]
#[case::on_linux_unescape("/home/u", &["-u", "x\u{F03A}y"], Some("x:y"))]
#[case::nul("/home/u", &["-u", "\u{F000}x"], Some(""))]
#[case::exactly_the_directory("/home/u", &["-u", r"..\u"], None)]
#[case::by_link("/home/u/c", &["-w", "no"], Some("no"))]
#[case::by_link_absolute("/home/u/c", &["-aw", "no"], Some(r"C:\Users\no"))]
fn relative_paths_begin_at_the_current_directory(
    #[case] directory: &str,
    #[case] arguments: &[&str],
    #[case] expected: Option<&str>,
) {
    assert_eq!(wslpath(&usual(), directory, arguments).as_deref(), expected);
}

#[rstest]
#[case::later_hides(&["C: /a", "tmpfs /a"], "-w", "/a/x", None)]
#[case::parent_hides_linux(&["C: /a/c", "tmpfs /a"], "-w", "/a/c/x", None)]
#[case::parent_hides_windows(&["C: /a/c", "tmpfs /a"], "-u", r"C:\x", None)]
#[case::hidden_still_longest(&["C: /c", r"C:\sub /a/s", "tmpfs /a"], "-u", r"C:\sub\x", None)]
#[case::hidden_then_equal(&["C: /a/c", "tmpfs /a", "C: /b"], "-u", r"C:\x", Some("/b/x"))]
#[case::longest(&[r"C:\sub /s", "C: /c"], "-u", r"C:\SUB\x", Some("/s/x"))]
#[case::last_of_equal(&["C: /c", "C: /d"], "-u", r"C:\x", Some("/d/x"))]
#[case::inner_mount_is_not_seen(&["C: /c", "tmpfs /c/t"], "-u", r"C:\t\x", Some("/c/t/x"))]
#[case::no_bare_backslash(&[r"\ /c"], "-w", "/c/x", None)]
#[case::slashes(&["C:/a//b/ /c"], "-w", "/c/x", Some(r"C:\a\b\x"))]
#[case::share(&["//srv//share /c"], "-w", "/c/x", Some(r"\\srv\share\x"))]
#[case::share_root(&["//srv/share /c"], "-w", "/c", Some(r"\\srv\share"))]
#[case::octal(&[r"C:\134a\040b /c\040d"], "-w", "/c d/x", Some(r"C:\a b\x"))]
#[case::octal_nul(&[r"C:\000a /c"], "-w", "/c/x", Some(r"C:\x"))]
fn the_last_mount_over_a_path_decides(
    #[case] mounts: &[&str],
    #[case] mode: &str,
    #[case] path: &str,
    #[case] expected: Option<&str>,
) {
    let lines: Vec<String> = mounts
        .iter()
        .map(|mount| {
            let (source, point) = mount.split_once(' ').unwrap();
            let kind = if source == "tmpfs" { "tmpfs" } else { "drvfs" };
            format!("1 0 0:1 / {point} rw - {kind} {source} rw")
        })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    // Without a name there is no way but the mounts.
    let world = machine(&lines, &[], &[]);
    assert_eq!(wslpath(&world, "/", &[mode, path]).as_deref(), expected);
}

#[rstest]
#[case::usual("rw,aname=drvfs;path=C:\\;uid=0,x", Some("C:\\x"))]
#[case::comma_ends("rw,aname=drvfs;path=C:\\a,b;uid=0", Some("C:\\a\\x"))]
#[case::longer_name("rw,aname=drvfsX;path=C:", Some("C:\\x"))]
#[case::inside_a_word("rw,aname=drvfs;xpath=C:\\a", Some("C:\\a\\x"))]
#[case::first_path("rw,aname=drvfs;path=C:;path=D:", Some("C:\\x"))]
#[case::only_the_first_option("rw,aname=drvfs;a,aname=drvfs;path=C:", None)]
#[case::lower_unc("rw,aname=drvfs;path=unc\\s\\t", None)]
#[case::one_byte("rw,aname=drvfs;path=C", None)]
#[case::space("rw,aname=drvfs;path=C:\\a b", Some("C:\\a b\\x"))]
fn options_of_9p_name_the_windows_path(#[case] options: &str, #[case] expected: Option<&str>) {
    let line = format!("1 0 0:1 / /m rw - 9p none {options}");
    let world = machine(&[&line], &[], &[]);
    assert_eq!(wslpath(&world, "/", &["-w", "/m/x"]).as_deref(), expected);
}

#[rstest]
#[case::no_device("1 0 0 / /m rw - drvfs C: rw")]
#[case::no_end_of_options("1 0 0:1 / /m rw shared:1 drvfs C: rw")]
#[case::no_super_options("1 0 0:1 / /m rw - drvfs C:")]
#[case::blank_super_options("1 0 0:1 / /m rw - drvfs C: ")]
#[case::blank_source("1 0 0:1 / /m rw - drvfs  rw")]
#[case::empty("")]
fn malformed_lines_are_no_mounts(#[case] line: &str) {
    let world = machine(&["1 0 0:1 / /m rw - drvfs D: rw", line], &[], &[]);
    assert_eq!(wslpath(&world, "/", &["-w", "/m/x"]).as_deref(), Some(r"D:\x"));
}

#[rstest]
#[case::on("2", true)]
#[case::hexadecimal(" +0xE", true)]
#[case::other_bit("1", false)]
#[case::not_a_number("yes", false)]
#[case::too_large("ffffffffffffffffff", true)]
#[case::too_small("-ffffffffffffffffff", false)]
#[case::thirty_two_bits("100000002", true)]
fn virtiofs_needs_its_feature(#[case] flags: &str, #[case] on: bool) {
    let tag = "11111111-2222-3333-4444-555555555555";
    let line = format!("1 0 0:1 / /m rw - virtiofs {tag} rw");
    let link = format!("/run/wsl/virtiofs/{tag} -> C:\\");
    let world = machine(&[&line], &[&link], &[("WSL_FEATURE_FLAGS", flags)]);
    let expected = on.then_some(r"C:\x");
    assert_eq!(wslpath(&world, "/", &["-w", "/m/x"]).as_deref(), expected);
}

#[rstest]
#[case::direct("TAG", "/", Some(r"E:\x"))]
#[case::direct_bind("TAG", "/sub", Some(r"E:\sub\x"))]
#[case::shared("drvfs", "/TAG", Some(r"E:\x"))]
#[case::shared_admin("drvfsa", "/TAG/sub/dir", Some(r"E:\sub\dir\x"))]
#[case::shared_without_child("drvfsa", "/", None)]
#[case::other_device("other", "/TAG", None)]
#[case::unknown_tag("11111111-1111-1111-1111-111111111111", "/", None)]
#[case::no_guid("zzzzzzzz-bbbb-cccc-dddd-eeeeeeeeeeee", "/", None)]
fn tags_of_virtiofs_lead_to_their_drive(
    #[case] source: &str,
    #[case] root: &str,
    #[case] expected: Option<&str>,
) {
    let tag = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
    let line = format!("1 0 0:1 {root} /m rw - virtiofs {source} rw").replace("TAG", tag);
    let link = format!("/run/wsl/virtiofs/{tag} -> E:\\");
    let world = machine(&[&line], &[&link], &[("WSL_FEATURE_FLAGS", "2")]);
    assert_eq!(wslpath(&world, "/", &["-w", "/m/x"]).as_deref(), expected);
}
