#!/usr/bin/env bash
# Wakes all that ecs-steward put to sleep, without ecs-steward: from the record tags, with the AWS CLI and jq.
# shellcheck disable=SC2016 # The dollars in single quotes are jq's.
set -euo pipefail

help() {
    cat <<'END'
Wakes all that ecs-steward put to sleep, for the day when its stack is gone or may not act.

  tools/wake-all.sh                   a dry run: each command that it would run
  tools/wake-all.sh --apply           runs them

It reads the record tags of Auto Scaling groups and services: what is off, stopping or starting comes back with the size
that its record says. Machines come first, then the services: the count, the scalable target, the record. It never lowers a
count, and what somebody changed since the stop stays, with a note. What is on, and what was never stopped by ecs-steward,
is left.

Options:
  --apply              run the commands; without it nothing is changed
  --cluster NAME       only this cluster and its machines (may be given again)
  --tag-prefix PREFIX  the prefix of the tags (steward)
  --audit FILE|GROUP   where to look for records that were lost: a file, or a log group of CloudWatch Logs, such as
                       /aws/lambda/ecs-steward/scale-service. A file holds lines of that log, or what
                       "aws logs filter-log-events" or "aws logs tail" printed
  --lost               wake also what has no record, with the size that the audit or its tag PREFIX:size says. Without
                       it that is only proposed
  --held               wake also what a live hold keeps as it is
  --max-desired N      the greatest count that is set (500, as MaxDesired)
  --remove-tags        remove record and override of what is up, instead of leaving a record that says on
  -h, --help           this

Region and credentials are the AWS CLI's own (AWS_REGION, AWS_PROFILE, …). They must allow ecs:ListClusters,
ecs:DescribeClusters, ecs:ListServices, ecs:DescribeServices, ecs:UpdateService, ecs:TagResource, ecs:UntagResource,
application-autoscaling:DescribeScalableTargets, DescribeScheduledActions and RegisterScalableTarget,
autoscaling:DescribeAutoScalingGroups, UpdateAutoScalingGroup, ResumeProcesses, CreateOrUpdateTags and DeleteTags, and
logs:FilterLogEvents for --audit.

The exit status is 1 if a command failed, a tag can't be read, or (with --apply) something is left asleep; else 0.
END
}

wrong() {
    printf 'wake-all.sh: %s (see --help)\n' "$1" >&2
    exit 2
}

((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404)) || wrong "it needs bash 4.4 or later, and this is $BASH_VERSION"
apply=false lost=false held=false remove=false prefix=steward audit='' most=500
clusters=()
while (($#)); do
    case $1 in
        --apply) apply=true ;;
        --lost) lost=true ;;
        --held) held=true ;;
        --remove-tags) remove=true ;;
        --cluster | --tag-prefix | --audit | --max-desired)
            (($# > 1)) && [[ -n $2 ]] || wrong "$1 needs a value"
            case $1 in
                --cluster) clusters+=("$2") ;;
                --tag-prefix) prefix=$2 ;;
                --audit) audit=$2 ;;
                --max-desired) most=$2 ;;
            esac
            shift
            ;;
        -h | --help)
            help
            exit
            ;;
        *) wrong "it does not know $1" ;;
    esac
    shift
done
[[ $most =~ ^[1-9][0-9]{0,3}$ ]] || wrong "--max-desired $most is not a count from 1 to 9999"
[[ $prefix =~ ^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$ ]] || wrong "--tag-prefix $prefix is not a prefix"
for tool in aws jq; do
    command -v "$tool" >/dev/null || wrong "it needs $tool"
done

# More patience than the CLI's default: at such a time others call, too.
export AWS_PAGER='' AWS_RETRY_MODE=${AWS_RETRY_MODE:-standard} AWS_MAX_ATTEMPTS=${AWS_MAX_ATTEMPTS:-8}
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
work=$(mktemp -d)
interrupted=false
trap 'rm -rf "$work"' EXIT
# What was begun is ended: the commands of one service belong together.
trap 'interrupted=true' INT TERM

# What the tags mean, and what a start does. It follows shared/src/record.rs, shared/src/record/sizing.rs and
# functions/scale-service/src/plan/{services,groups}/start.rs.
read -r -d '' library <<'JQ' || true
def count: if test("^(0|[1-9][0-9]*)$") then tonumber else null end;

# The words of a record or size, and a fault where they can't be read. $susp is what its flags look like.
def words($susp):
  reduce .[] as $word ({};
    ($word | capture("^(?<key>n|min|susp|night|cluster|sched|by)=(?<value>.+)$") // null) as $pair
    | if $pair == null then .fault = "\($word) is not known"
      elif has($pair.key) then .fault = "\($pair.key) stands twice"
      else .[$pair.key] = $pair.value end)
  | if .fault then . else
      (if has("n") then .n |= count else . end) | (if has("min") then .min |= count else . end)
      | (if has("night") then .night |= count else . end)
      | if has("n") and (.n == null or .n == 0) then .fault = "its n is not a count above zero"
        elif has("min") != has("susp") then .fault = "min and susp go together"
        elif has("min") and .min == null then .fault = "its min is not a count"
        elif has("night") and .night == null then .fault = "its night is not a count"
        elif has("susp") and (.susp | test($susp) | not) then .fault = "its susp is \(.susp)"
        else . end
    end;

def record($susp):
  split(" ") as [$version, $state]
  | if $version != "v1" then {fault: "it does not begin with v1"} else
      (($state // "") | capture("^(?<state>on|stopping|off|starting)@(?<at>.+)$") // null) as $head
      | if $head == null then {fault: "its second word is not STATE@TIME"}
        else (split(" ")[2:] | words($susp)) + $head end
    end;

def size($susp): [splits(" +")] | map(select(. != "")) | words($susp);

def tag($key): "\($prefix):\($key)" as $key | .tags[$key] // null;

# $this, and what it does not say as $other says: the count, and min and susp together.
def or_else($other):
  . as $this | {n: (.n // $other.n)} + (if $this.susp then {min, susp} else $other | {min, susp} end);

def is_off: .state != null and .state != "on";

# A record of something that was adopted without a size: reconcile writes it where another was lost.
def says_nothing: .by == "adoption" and .n == null and .susp == null;

# A queue's worker needs no count: its autoscaling takes it up from 0, and is awake by day.
def is_worker($workers): $workers and .n == null and .min == 0 and .susp != null and .susp != "ios";

# What an override says if it is a live hold, else null.
def hold:
  (. // "") | capture("^hold from (?<from>[^ ]+) until (?<until>[^ ]+) by (?<why>.*)$") // null
  | if . != null and .from <= $now and $now < .until then "held until \(.until) by \(.why)" else null end;

def saved($size): [if $size.n then "n=\($size.n)" else empty end]
  + (if $size.susp then ["min=\($size.min)", "susp=\($size.susp)"] else [] end) | join(" ");

# What a later installation finds: what a start by request of ours leaves where no reconcile acts. It says `on` with
# the size, so that nothing is lost if the tasks do not come, and has no `sched`. So the first run of that installation
# adopts it, and acts only at the schedule's next transition. A record that went on saying `off` would make the next stop
# save the old size, whatever people have changed by then. With the old `sched` the first run would stop at once what the
# schedule does not want at that hour.
def on($size; $cluster):
  ["v1 on@\($now)", (saved($size) | select(. != "")), (if $cluster then "cluster=\($cluster)" else empty end), "by=request"]
  | join(" ");

# Where the size comes from, and what becomes of it: wake, lost (only proposed), left, fault, or null for nothing to say.
def judged($susp; $workers; $down; $asleep; $idle; $audit):
  (tag("record") | if . == null then null else record($susp) end) as $record
  | (tag("size") | if . == null then null else size($susp) end) as $tagged
  | (if $tagged.fault then null else $tagged end) as $own
  | (if $record.fault then null else $record end) as $known
  | "its tag \($prefix):record" as $tag
  | if $known | is_off then
      ($known | or_else($own)) as $size
      | if $size.n or ($size | is_worker($workers)) then {verdict: "wake", $size, record: $known, why: "\($known.state) since \($known.at)"}
        else {unsaid: "\($known.state) since \($known.at), and neither its record nor a tag \($prefix):size says with what"} end
    elif $record.fault then {unsaid: "\($tag) can't be read: \($record.fault)", fault: true}
    elif $known == null or ($known | says_nothing) then
      if ($down | not) and ($asleep | not) then {} elif $idle then {}
      elif $known == null then {unsaid: "at \(.desired) without \($tag)"}
      else {unsaid: "at \(.desired), and \($tag) has no size"} end
    elif $asleep and $known.susp and ($down or $known.by == "adoption") then
      {verdict: "lost", size: $known, record: $known, why: "its autoscaling sleeps, though its record says on since \($known.at)"}
    elif $down and ($idle | not) then {verdict: "left", why: "at 0, and on since \($known.at): somebody set it to 0"}
    else {} end
  | if .unsaid then
      if ($audit | is_off) and (($audit | or_else($own)) | .n or is_worker($workers)) then
        {verdict: "lost", size: ($audit | or_else($own)), record: $audit, fault,
          why: "\(.unsaid). The audit's last: \($audit.text)"}
      elif $own.n then
        {verdict: "lost", size: $own, record: {state: "off"}, fault, why: "\(.unsaid). Its tag \($prefix):size: \(saved($own))"}
      elif $audit.state == "on" then {verdict: "left", fault, why: "\(.unsaid). The audit's last: \($audit.text)"}
      else {verdict: (if .fault then "fault" else "left" end), fault, why: .unsaid} end
    else . end
  | if $tagged.fault and (.verdict == "wake" or .verdict == "lost") then
      .notes += ["its tag \($prefix):size can't be read: \($tagged.fault)"] else . end;

def clamped($to; $why): if .count == $to then . else
  .notes += ["the saved \(.count) is \($why) \($to): \($to) it is"] | .count = $to end;

# A service: {service, tags, desired, target, actions, hold, audit, …} becomes {name, verdict, why, notes, commands}.
def service:
  . as $this | .target as $target
  # What a stop leaves: its night size.
  | ([(tag("night") // "0" | count // 0), (if .audit | is_off then .audit.night // 0 else 0 end)] | max) as $nightly
  | ($target != null and $target.susp == "ios" and $target.min <= $nightly) as $asleep
  | ($target != null and $target.min == 0 and $target.susp != "ios" and .desired == 0) as $idle
  | (.desired == 0 or ((.audit | is_off) and .desired <= (.audit.night // 0))) as $down
  | judged("^[i-][o-][s-]$"; true; $down; $asleep; $idle; .audit) as $judged
  | {name: .id, verdict: $judged.verdict, why: $judged.why, notes: ($judged.notes // []), fault: $judged.fault}
  | if .verdict != "wake" and .verdict != "lost" then . else
      $judged.size as $size | $judged.record as $record | ($record.night // 0) as $night
      | ($record.state == "starting" and $this.desired > 0) as $under_way
      | (if $size.susp != null and $target == null then
           .notes += ["its scalable target was removed: it comes back without autoscaling"] else . end)
      | ("i" + ($size.susp // "---")[1:]) as $without_scale_in
      # Only what is as the stop left it is put back; what somebody changed since stays.
      | (if $size.susp == null or $target == null then null
         elif $under_way and $target.susp != "ios" then $target.min
         elif $target.min > ([$size.min, $night] | min) and $target.min != $size.min then $target.min
         else [$size.min, $target.max] | min end) as $min
      | (if $min == null then null
         elif ["ios", $size.susp, $without_scale_in] | index($target.susp) then $size.susp
         else $target.susp end) as $susp
      | (if $min != null and $min != $size.min and ($under_way | not) then .notes += ["its min stays \($min) (saved: \($size.min))"] else . end)
      | (if $susp != null and $susp != $size.susp then .notes += ["its suspended flags stay \($susp) (saved: \($size.susp))"] else . end)
      | (if $size.n == null or $under_way then .count = $this.desired
         else .count = $size.n
           | (if $min != null and .count < $min then clamped($min; "below its min") else . end)
           | (if $target != null and .count > $target.max then clamped($target.max; "above its scalable target's max") else . end)
           | (if .count > $most then clamped($most; "above --max-desired") else . end)
         end)
      # A start never lowers a running service.
      | .count = ([.count, $this.desired] | max)
      | (if $record.state != "starting" and $size.susp != null and $size.susp[2:3] == "-" and ($this.actions | length) > 0 then
           .notes += ["scheduled scaling actions that came due meanwhile are not made up for: look at \($this.actions | join(", "))"]
         else . end)
      | if $size.n != null and .count == 0 then
          .verdict = "fault" | .fault = true | .why = "\(.why); the max of its scalable target is 0: raise it first"
        else
          # The count first: to wake the target moves the count into its bounds at once, suspended or not
          # (https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html).
          .commands = [
            (select(.count != $this.desired)
              | ["ecs", "update-service", "--cluster", $this.cluster, "--service", $this.service, "--desired-count", "\(.count)"]),
            (select($min != null and ($min != $target.min or $susp != $target.susp))
              | ["application-autoscaling", "register-scalable-target", "--service-namespace", "ecs",
                "--scalable-dimension", "ecs:service:DesiredCount", "--resource-id", $this.id, "--min-capacity", "\($min)",
                "--suspended-state", ({
                  DynamicScalingInSuspended: ($susp[0:1] != "-"), DynamicScalingOutSuspended: ($susp[1:2] != "-"),
                  ScheduledScalingSuspended: ($susp[2:3] != "-")} | tojson)]),
            (if $remove then ["ecs", "untag-resource", "--resource-arn", $this.arn, "--tag-keys", "\($prefix):record", "\($prefix):override"]
             else ["ecs", "tag-resource", "--resource-arn", $this.arn, "--tags", ([{key: "\($prefix):record", value: on($size; null)}] | tojson)] end)]
          | .why = "\(.why): comes back with \(if $size.n then .count else "what its autoscaling says" end)"
        end
    end
  | if $this.hold and ($held | not) and (.verdict == "wake" or .verdict == "lost") then
      .verdict = "asleep" | .why = "\(.why | split(": comes back")[0]), and \($this.hold): left (--held wakes it)" | del(.commands) else . end
  | if $remove and .verdict == null and ($this.tags | has("\($prefix):record") or has("\($prefix):override")) then
      .verdict = "tags" | .why = "it is up" | .commands = [["ecs", "untag-resource", "--resource-arn", $this.arn, "--tag-keys",
        "\($prefix):record", "\($prefix):override"]] else . end;

# An Auto Scaling group: {group, tags, desired, min, max, susp, hold, audit}.
def group:
  . as $this
  | (.min == 0 and .susp == "as") as $asleep
  | judged("^[a-][s-]$"; false; .desired == 0 and $asleep; $asleep; false; .audit) as $judged
  | {name: .id, verdict: $judged.verdict, why: $judged.why, notes: ($judged.notes // []), fault: $judged.fault}
  | def tagged($text): ["autoscaling", "create-or-update-tags", "--tags", ([{ResourceId: $this.group, ResourceType: "auto-scaling-group",
      Key: "\($prefix):record", Value: $text, PropagateAtLaunch: false}] | tojson)];
    def untagged: ["autoscaling", "delete-tags", "--tags", ([("record", "override") | {ResourceId: $this.group,
      ResourceType: "auto-scaling-group", Key: "\($prefix):\(.)"}] | tojson)];
    if .verdict != "wake" and .verdict != "lost" then . else
      $judged.size as $size | $judged.record as $record
      | ($record.state == "starting" and $this.desired > 0) as $under_way
      | (if $size.susp == null then $this.min elif $this.min != 0 and $this.min != $size.min then $this.min
         else [$size.min, $this.max] | min end) as $min
      | (if $size.susp != null and $min != $size.min then .notes += ["its min stays \($min) (saved: \($size.min))"] else . end)
      | (if $under_way then .count = $this.desired
         else .count = $size.n
           | (if .count < $min then clamped($min; "below its min") else . end)
           | (if .count > $this.max then clamped($this.max; "above its max") else . end)
         end)
      | .count = ([.count, $this.desired] | max)
      # As a stop leaves it, or as a start does that waits for its instances. What else sleeps is somebody's wish.
      | ($size.susp != null and ($this.susp == "as" or ($record.state != "stopping" and $this.susp == "a" + $size.susp[1:]))) as $ours
      | (if $size.susp != null and ($ours | not) and $this.susp != $size.susp then
           .notes += ["what sleeps of it stays \($this.susp) (saved: \($size.susp))"] else . end)
      | [(["AlarmNotification", 0], ["ScheduledActions", 1]) as [$name, $at]
          | select($ours and $this.susp[$at:$at + 1] != "-" and $size.susp[$at:$at + 1] == "-") | $name] as $wakes
      | ($size + {susp: (if $size.susp == null or $ours then $size.susp else $this.susp end)}) as $kept
      | if .count == 0 then
          .verdict = "fault" | .fault = true | .why = "\(.why); its max is 0: raise it first"
        else
          # Min and desired in one call: a min above the desired capacity is refused.
          .commands = [
            (select(.count != $this.desired or $min != $this.min)
              | ["autoscaling", "update-auto-scaling-group", "--auto-scaling-group-name", $this.group,
                "--min-size", "\($min)", "--desired-capacity", "\(.count)"]),
            # Without a name AWS would wake all processes.
            (select($wakes != [])
              | ["autoscaling", "resume-processes", "--auto-scaling-group-name", $this.group, "--scaling-processes"] + $wakes),
            (if $remove then untagged else tagged(on($kept; $record.cluster)) end)]
          | .why = "\(.why): comes back with \(.count)"
        end
    end
  | if $this.hold and ($held | not) and (.verdict == "wake" or .verdict == "lost") then
      .verdict = "asleep" | .why = "\(.why | split(": comes back")[0]), and \($this.hold): left (--held wakes it)" | del(.commands) else . end
  | if $remove and .verdict == null and ($this.tags | has("\($prefix):record") or has("\($prefix):override")) then
      .verdict = "tags" | .why = "it is up" | .commands = [untagged] else . end;

# The last record of each thing that the audit tells of, from lines in any of the forms that --help names.
def records:
  (fromjson? // null) as $whole
  | [if ($whole | type) == "object" and ($whole | has("events")) then $whole.events[] else
       split("\n")[] | select(contains("{")) | .[index("{"):] | fromjson? end]
  | to_entries
  | map(.key as $at | .value | select(type == "object")
      | (if (.message | type) == "string" and (has("operation") | not) then {time: .timestamp, line: (.message | fromjson?)} else {line: .} end)
      | {time: (.time // 0), at: $at} + (.line | {resource, after, operation, outcome, target}))
  | sort_by(.time, .at)
  | reduce (.[] | select(.outcome == "done" and (.operation == "ecs:TagResource" or .operation == "autoscaling:CreateOrUpdateTags"))
      | select((.after | type) == "string" and (.after | startswith("\($prefix):record=")))) as $line ({};
      ($line.after | ltrimstr("\($prefix):record=")) as $text
      | ($text | record(if $line.operation == "ecs:TagResource" then "^[i-][o-][s-]$" else "^[a-][s-]$" end)) as $record
      | if $record.fault or ($record | says_nothing) then . else .[$line.resource] = $record + {$text} end);

def pasted: map(if test("^[A-Za-z0-9_@%+=:,./-]+$") then . else @sh end) | ["aws"] + . | join(" ");
JQ

# jq with the library, and what it has to know.
steward() {
    local program=$1
    shift
    jq --arg prefix "$prefix" --arg now "$now" --argjson most "$most" --argjson held "$held" --argjson remove "$remove" \
        "$@" "$library"$'\n'"$program"
}

looked=0 woken=0 proposed=0 asleep=0 failed=0

# Runs the commands of one thing, in order. After one that fails the others wait for the next try: the record still
# says what it said.
perform() {
    local thing=$1 command said status=0 argv
    while IFS= read -r command; do
        mapfile -t argv < <(jq -r '.[]' <<<"$command")
        if said=$(aws "${argv[@]}" --output json 2>&1 >/dev/null </dev/null); then
            printf '  ✓ %s\n' "$(steward pasted -r <<<"$command")"
        else
            printf '  ✗ %s\n    %s\n' "$(steward pasted -r <<<"$command")" "$(tr -s '\n' ' ' <<<"$said")"
            status=1
            break
        fi
    done < <(jq -c '.commands[]' <<<"$thing")
    return "$status"
}

# Whether --apply, or a dry run, takes a verdict for one to be carried out.
is_carried_out() {
    case $1 in
        wake | tags) true ;;
        lost) $lost ;;
        *) false ;;
    esac
}

# The end of a job, whatever interrupts the wait for it.
ended() {
    local status=0
    until wait "$1"; do
        status=$?
        kill -0 "$1" 2>/dev/null || return "$status"
    done
}

# Tells what becomes of each thing of a file (a line of JSON each), and with --apply does it, the things at once and the
# commands of each in order.
batch() {
    local thing verdict n jobs=() things=() mark
    looked=$((looked + $(wc -l <"$1")))
    mapfile -t things < <(jq -c 'select(.verdict)' "$1")
    for n in "${!things[@]}"; do
        verdict=$(jq -r .verdict <<<"${things[n]}")
        if ! $apply || $interrupted || ! is_carried_out "$verdict"; then continue; fi
        # Out of reach of the keyboard's interrupt: what was begun is ended.
        (
            trap '' INT TERM
            perform "${things[n]}" >"$work/done.$n"
        ) &
        jobs[n]=$!
    done
    for n in "${!things[@]}"; do
        thing=${things[n]} mark=''
        verdict=$(jq -r .verdict <<<"$thing")
        if ! is_carried_out "$verdict" || { $apply && [[ -z ${jobs[n]:-} ]]; }; then mark='# '; fi
        jq -r '"\(.name)  \(.why)", "  note: " + .notes[]' <<<"$thing"
        if [[ -n ${jobs[n]:-} ]]; then
            if ! ended "${jobs[n]}"; then
                failed=$((failed + 1))
            elif [[ $verdict != tags ]]; then
                woken=$((woken + 1))
            fi
            cat "$work/done.$n"
            continue
        fi
        steward '.commands // [] | .[] | "  " + $mark + pasted' -r --arg mark "$mark" <<<"$thing"
        case $verdict in
            wake) if $apply; then asleep=$((asleep + 1)); else woken=$((woken + 1)); fi ;;
            lost)
                if $apply; then
                    asleep=$((asleep + 1))
                elif $lost; then
                    woken=$((woken + 1))
                else
                    proposed=$((proposed + 1))
                fi
                ;;
            asleep) asleep=$((asleep + 1)) ;;
            fault) failed=$((failed + 1)) ;;
        esac
    done
    if $interrupted; then finish; fi
}

finish() {
    printf '\n'
    if $apply; then
        printf '%d looked at, %d woken, %d left asleep, %d failed.\n' "$looked" "$woken" "$asleep" "$failed"
    else
        printf '%d looked at, %d to wake, %d lost with a size to propose (# …, --lost), %d held, %d failed. Nothing was changed.\n' \
            "$looked" "$woken" "$proposed" "$asleep" "$failed"
    fi
    $interrupted && exit 130
    if ((failed)) || { $apply && ((asleep)); }; then exit 1; fi
    exit 0
}

# A read that fails ends it: what can't be seen can't be judged.
read_aws() {
    local into=$1
    shift
    aws "$@" --output json >"$work/$into" || {
        $interrupted && exit 130
        printf 'wake-all.sh: aws %s %s failed\n' "$1" "$2" >&2
        exit 1
    }
}

echo '""' >"$work/audit.text"
if [[ -n $audit ]]; then
    if [[ -f $audit ]]; then
        jq -R -s . "$audit" >"$work/audit.text"
    else
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
        read_aws audit.json logs filter-log-events --log-group-name "$audit" --filter-pattern \
            '{ ($.outcome = "done") && (($.operation = "ecs:TagResource") || ($.operation = "autoscaling:CreateOrUpdateTags")) }'
        jq -R -s . "$work/audit.json" >"$work/audit.text"
    fi
fi
steward records <"$work/audit.text" >"$work/audit"
[[ -z $audit ]] || printf 'The audit knows the records of %s things.\n\n' "$(jq length "$work/audit")"

# The clusters, with their tags: a hold may stand there.
if ((${#clusters[@]})); then
    printf '%s\n' "${clusters[@]}" >"$work/cluster.names"
else
    read_aws clusters.json ecs list-clusters
    jq -r '.clusterArns[]' "$work/clusters.json" >"$work/cluster.names"
fi
: >"$work/clusters.lines"
split -l 100 "$work/cluster.names" "$work/names."
for names in "$work"/names.*; do
    [[ -e $names ]] || continue
    mapfile -t batch_of <"$names"
    read_aws page ecs describe-clusters --include TAGS --clusters "${batch_of[@]}"
    jq -r '.failures[] | "cluster \(.arn): \(.reason)"' "$work/page" >"$work/failures"
    if [[ -s $work/failures ]]; then
        cat "$work/failures" >&2
        exit 1
    fi
    jq -c '.clusters[]' "$work/page" >>"$work/clusters.lines"
done
steward 'map({key: .clusterName, value: (.tags | from_entries["\($prefix):override"] | hold)}) | from_entries' -s \
    <"$work/clusters.lines" >"$work/holds"
mapfile -t names < <(jq -r .clusterName "$work/clusters.lines")

# An override of a cluster is its own.
if $remove; then
    steward '(.tags | from_entries["\($prefix):override"]) as $override | ($override | hold) as $hold
        | select($override and ($held or ($hold | not)))
        | {name: "cluster/\(.clusterName)", verdict: "tags", why: "it has an override: \($override)", notes: [],
            commands: [["ecs", "untag-resource", "--resource-arn", .clusterArn, "--tag-keys", "\($prefix):override"]]}' -c \
        <"$work/clusters.lines" >"$work/things"
    batch "$work/things"
fi

# Machines first: the tasks of the services need them.
read_aws groups autoscaling describe-auto-scaling-groups
only=$(printf '%s\n' "${clusters[@]}" | jq -R . | jq -s 'map(select(. != ""))')
steward '
    .AutoScalingGroups[] | select((.Status // "") == "")
    | (.Tags // [] | map({key: .Key, value: .Value}) | from_entries) as $tags
    | ([.SuspendedProcesses[].ProcessName]) as $sleeps
    | {id: "autoScalingGroupName/\(.AutoScalingGroupName)", group: .AutoScalingGroupName, $tags, desired: .DesiredCapacity,
        min: .MinSize, max: .MaxSize,
        susp: ((if $sleeps | index("AlarmNotification") then "a" else "-" end) + (if $sleeps | index("ScheduledActions") then "s" else "-" end))}
    | .audit = $audit[0][.id]
    | .cluster = ($tags["\($prefix):cluster"] // (tag("record") // "" | record(".")).cluster // .audit.cluster)
    | select($only == [] or (.cluster as $cluster | $only | index($cluster)))
    | .hold = ([$tags["\($prefix):override"] | hold] + [if .cluster then $holds[0][.cluster] else empty end] | map(select(.)) | .[0])
    | group' -c --slurpfile audit "$work/audit" --slurpfile holds "$work/holds" --argjson only "$only" <"$work/groups" >"$work/things"
batch "$work/things"

# Only to warn of them.
read_aws actions application-autoscaling describe-scheduled-actions --service-namespace ecs
for cluster in "${names[@]}"; do
    read_aws list ecs list-services --cluster "$cluster"
    rm -f "$work"/arns.*
    jq -r '.serviceArns[]' "$work/list" | split -l 10 - "$work/arns."
    for arns in "$work"/arns.*; do
        [[ -e $arns ]] || continue
        mapfile -t batch_of <"$arns"
        read_aws services ecs describe-services --cluster "$cluster" --include TAGS --services "${batch_of[@]}"
        # What is gone since the list is no failure.
        jq -r '.failures[] | select(.reason != "MISSING") | "\(.arn): \(.reason)"' "$work/services" >"$work/failures"
        if [[ -s $work/failures ]]; then
            cat "$work/failures"
            failed=$((failed + 1))
        fi
        mapfile -t ids < <(jq -r --arg cluster "$cluster" '.services[] | "service/\($cluster)/\(.serviceName)"' "$work/services")
        ((${#ids[@]})) || continue
        # Just before the change, so that what people do meanwhile is seen.
        read_aws targets application-autoscaling describe-scalable-targets --service-namespace ecs \
            --scalable-dimension ecs:service:DesiredCount --resource-ids "${ids[@]}"
        steward '
            ($targets[0].ScalableTargets | map({key: .ResourceId, value: {min: .MinCapacity, max: .MaxCapacity,
              susp: (.SuspendedState | (if .DynamicScalingInSuspended then "i" else "-" end)
                + (if .DynamicScalingOutSuspended then "o" else "-" end) + (if .ScheduledScalingSuspended then "s" else "-" end))}})
              | from_entries) as $targets
            | .services[] | select(.status == "ACTIVE" and .schedulingStrategy != "DAEMON")
            | {id: "service/\($cluster)/\(.serviceName)", arn: .serviceArn, $cluster, service: .serviceName,
                tags: (.tags // [] | from_entries), desired: .desiredCount}
            | .target = $targets[.id] | .audit = $audit[0][.id]
            | .actions = [.id as $id | $actions[0].ScheduledActions[] | select(.ResourceId == $id) | .ScheduledActionName]
            | .hold = ([.tags["\($prefix):override"] | hold] + [$holds[0][$cluster]] | map(select(.)) | .[0])
            | service' -c --arg cluster "$cluster" --slurpfile targets "$work/targets" --slurpfile audit "$work/audit" \
            --slurpfile holds "$work/holds" --slurpfile actions "$work/actions" <"$work/services" >"$work/things"
        batch "$work/things"
    done
done
finish
