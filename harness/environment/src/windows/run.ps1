# Runs one Windows program with exactly the variables, the directory and the command line that the
# request names, and says how it ended. Argument: the path of the request, a JSON file.
param([string]$Request)
$ErrorActionPreference = 'Stop'
$answer = "$Request.answer"
function Say([string]$Text) {
    # The harness looks for the final name only.
    [IO.File]::WriteAllText("$answer.new", $Text)
    [IO.File]::Move("$answer.new", $answer)
    exit 0
}
try {
    $r = [IO.File]::ReadAllText($Request, [Text.Encoding]::UTF8) | ConvertFrom-Json
    if (-not [IO.Directory]::Exists($r.cwd)) { Say 'no-directory' }
    $extensions = @($r.extensions)
    if ([IO.Path]::GetExtension($r.program)) { $extensions = @('') + $extensions }
    $places = @($r.path)
    if ($r.program.IndexOfAny([char[]]'\/:') -ge 0) { $places = @($r.cwd) }
    $program = $null
    foreach ($place in $places) {
        foreach ($extension in $extensions) {
            $file = [IO.Path]::Combine($place, $r.program + $extension)
            if (-not $program -and [IO.File]::Exists($file)) { $program = $file }
        }
    }
    if (-not $program) { Say 'not-found' }
    $start = New-Object Diagnostics.ProcessStartInfo
    $start.FileName = $program
    $start.Arguments = $r.line
    $start.WorkingDirectory = $r.cwd
    $start.UseShellExecute = $false
    $start.Environment.Clear()
    foreach ($pair in @($r.env)) { $start.Environment[$pair.name] = [string]$pair.value }
    try {
        $process = [Diagnostics.Process]::Start($start)
    } catch {
        Say ('refused ' + $_.Exception.GetBaseException().Message)
    }
    [IO.File]::WriteAllText("$Request.id", "$($process.Id)")
    $process.WaitForExit()
    Say "$($process.ExitCode)"
} catch {
    Say ('failed ' + $_.Exception.Message)
}
