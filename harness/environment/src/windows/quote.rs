//! The command line of a Windows program: one string, which the program splits by the rules of
//! `CommandLineToArgvW`.

/// Appends an argument to a command line, quoted so that those rules give it back unchanged.
fn quoted(argument: &str, line: &mut String) {
    let plain = |c: char| !matches!(c, ' ' | '\t' | '\n' | '\u{b}' | '"');
    if !argument.is_empty() && argument.chars().all(plain) {
        line.push_str(argument);
        return;
    }
    line.push('"');
    let mut backslashes = 0;
    for c in argument.chars() {
        match c {
            '\\' => backslashes += 1,
            '"' => {
                // Backslashes before a quote count double, and the quote has one of its own.
                line.extend(std::iter::repeat_n('\\', backslashes + 1));
                backslashes = 0;
            }
            _ => backslashes = 0,
        }
        line.push(c);
    }
    // Before the closing quote they count double, too.
    line.extend(std::iter::repeat_n('\\', backslashes));
    line.push('"');
}

/// The arguments as one string.
pub(super) fn command_line(args: &[String]) -> String {
    let mut line = String::new();
    for argument in args {
        if !line.is_empty() {
            line.push(' ');
        }
        quoted(argument, &mut line);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::command_line;
    use proptest::prelude::*;
    use rstest::rstest;

    /// The documented rules of `CommandLineToArgvW` for arguments after the program's name.
    fn split(line: &str) -> Vec<String> {
        let mut args = Vec::new();
        let mut chars = line.chars().peekable();
        loop {
            while chars.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
            if chars.peek().is_none() {
                return args;
            }
            let (mut argument, mut inside) = (String::new(), false);
            while let Some(&c) = chars.peek() {
                if !inside && matches!(c, ' ' | '\t') {
                    break;
                }
                let mut backslashes = 0;
                while chars.next_if_eq(&'\\').is_some() {
                    backslashes += 1;
                }
                if chars.next_if_eq(&'"').is_some() {
                    argument.extend(std::iter::repeat_n('\\', backslashes / 2));
                    if backslashes % 2 == 1 || (inside && chars.next_if_eq(&'"').is_some()) {
                        argument.push('"');
                    } else {
                        inside = !inside;
                    }
                } else if backslashes > 0 {
                    argument.extend(std::iter::repeat_n('\\', backslashes));
                } else {
                    argument.extend(chars.next());
                }
            }
            args.push(argument);
        }
    }

    #[rstest]
    #[case(&["a", "b"], "a b")]
    #[case(&[""], r#""""#)]
    #[case(&["a b"], r#""a b""#)]
    #[case(&[r#"a"b"#], r#""a\"b""#)]
    #[case(&[r"C:\dir\"], r"C:\dir\")]
    #[case(&[r"C:\my dir\"], r#""C:\my dir\\""#)]
    #[case(&[r#"\\"x"#], r#""\\\\\"x""#)]
    fn windows_splits_a_command_line_into_the_same_arguments(
        #[case] args: &[&str],
        #[case] want: &str,
    ) {
        let args: Vec<_> = args.iter().map(|&a| a.to_owned()).collect();
        assert_eq!(command_line(&args), want);
        assert_eq!(split(want), args);
    }

    proptest! {
        #[test]
        fn arguments_come_back(args in prop::collection::vec(r#"[a\\" \tü%^&$]{0,8}"#, 0..5)) {
            prop_assert_eq!(split(&command_line(&args)), args);
        }
    }
}
