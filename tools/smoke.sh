#!/usr/bin/env bash
# Tries a deployed stack on one service: each operation of the tour, with what was seen.
# shellcheck disable=SC2016 # The dollars in single quotes are jq's.
set -euo pipefail

help() {
    cat <<'END'
Tries a deployed stack in some two minutes: each operation of the tour, with ✓ or ✗ and what was seen.

  tools/smoke.sh https://abcdef1234.execute-api.eu-central-1.amazonaws.com/live
  tools/smoke.sh                        on "cargo local serve" (http://127.0.0.1:9000), without a signature

It stops the service, starts it, and scales it by one task; it puts a hold on it for five minutes and takes it back; it
runs one more task of its task definition and stops it. At the end, also where it fails or is interrupted, the service has
its count, min and suspended flags again. What remains is its record, which says on. Use a service that nobody misses for
a minute, such as those of the example environment; it has to be up.

  –  what is not deployed or not switched on here, so that it could not be tried; that is no failure

Options:
  --cluster NAME   the cluster (microservices)
  --service NAME   the service (users)
  --region REGION  the region to sign for; without it that of the URL
  --sign           sign also where the URL is on this machine
  --unsigned       sign nothing
  --no-tasks       run no task
  --wait SECONDS   how long to wait until the service is up again (180)
  -h, --help       this

Credentials are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN of the environment. Of a profile:

  eval "$(aws configure export-credentials --profile dev --format env)"

The exit status is 0 if nothing failed, and 1 if there is one ✗.
END
}

wrong() {
    printf 'smoke.sh: %s (see --help)\n' "$1" >&2
    exit 2
}

base='' cluster=microservices service=users region='' signs='' tasks=true patience=180
while (($#)); do
    case $1 in
        --cluster | --service | --region | --wait)
            (($# > 1)) && [[ -n $2 ]] || wrong "$1 needs a value"
            case $1 in
                --cluster) cluster=$2 ;;
                --service) service=$2 ;;
                --region) region=$2 ;;
                --wait) patience=$2 ;;
            esac
            shift
            ;;
        --sign) signs=true ;;
        --unsigned) signs=false ;;
        --no-tasks) tasks=false ;;
        -h | --help)
            help
            exit
            ;;
        http://* | https://*) base=${1%/} ;;
        *) wrong "it does not know $1" ;;
    esac
    shift
done
base=${base:-http://127.0.0.1:9000}
[[ $patience =~ ^[0-9]{1,4}$ ]] || wrong "--wait $patience is not a number of seconds"
for name in "$cluster" "$service"; do
    [[ $name =~ ^[A-Za-z0-9_-]{1,255}$ ]] || wrong "$name is not the name of a cluster or service"
done
for tool in curl jq; do
    command -v "$tool" >/dev/null || wrong "it needs $tool"
done
if [[ -z $signs ]]; then
    [[ $base =~ ^http://(127\.|localhost[:/]|\[::1\]) ]] && signs=false || signs=true
fi
if $signs; then
    if [[ -z $region ]]; then
        [[ $base =~ \.execute-api\.([a-z0-9-]+)\.amazonaws\. ]] || wrong "$base does not say its region: --region"
        region=${BASH_REMATCH[1]}
    fi
    [[ -n ${AWS_ACCESS_KEY_ID:-} && -n ${AWS_SECRET_ACCESS_KEY:-} ]] ||
        wrong "it needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment"
fi

work=$(mktemp -d)
tried=0 failed=0 untried=0
status='' answer=$work/answer
url=/v1/clusters/$cluster
one=$url/services/$service

# A query, strictly encoded and sorted by name: what AWS signs is the query in that form
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html). curl before 8.3, such as
# the 7.88 of Debian 12, signs it as it stands in the URL, so anything else gets a 403. jq 1.6 leaves !*'() as they are.
query() {
    jq -rn '$ARGS.positional | map(split("=") as [$name] | [$name, .[$name | length + 1:]]
        | map(@uri | gsub("!"; "%21") | gsub("\\*"; "%2A") | gsub("\u0027"; "%27") | gsub("\\("; "%28") | gsub("\\)"; "%29"))
        | join("=")) | sort | join("&") | "?" + .' --args "$@"
}

# A request, METHOD PATH [BODY]: its status and answer. The secret goes to curl by its standard input, where no list of
# processes shows it.
ask() {
    local path=$2 body=${3-} options=(--silent --show-error --max-time 60 --request "$1")
    [[ -z $body ]] || options+=(--header 'Content-Type: application/json' --data-raw "$body")
    : >"$answer"
    status=$(
        if ${unsigned:-false} || ! $signs; then
            curl "${options[@]}" --output "$answer" --write-out '%{http_code}' "$base$path" 2>"$work/curl"
        else
            [[ -z ${AWS_SESSION_TOKEN:-} ]] || options+=(--header @"$work/token")
            printf 'user = "%s:%s"\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" |
                curl --config - "${options[@]}" --aws-sigv4 "aws:amz:$region:execute-api" \
                    --output "$answer" --write-out '%{http_code}' "$base$path" 2>"$work/curl"
        fi
    ) || true
    [[ $status != 000 && -n $status ]] || {
        status='no answer'
        cp "$work/curl" "$answer"
    }
}
if $signs && [[ -n ${AWS_SESSION_TOKEN:-} ]]; then
    (umask 077 && printf 'x-amz-security-token: %s\n' "$AWS_SESSION_TOKEN" >"$work/token")
fi

# Whether the answer is as it should be, by a jq expression.
is() {
    jq -e "$@" "$answer" >/dev/null 2>&1
}

# What an answer says of itself, in one line.
seen() {
    jq -r "$1" "$answer" 2>/dev/null || head -c 200 "$answer"
}

told='if type == "object" then (.detail // .summary // .message // tostring[:200]) else tostring[:200] end'

ok() {
    tried=$((tried + 1))
    printf '✓ %-38s %s\n' "$1" "$2"
}

no() {
    tried=$((tried + 1)) failed=$((failed + 1))
    printf '✗ %-38s %s: %s\n' "$1" "$status" "$(seen "$told")"
}

not_here() {
    untried=$((untried + 1))
    printf '– %-38s %s\n' "$1" "$2"
}

# NAME STATUS CHECK SHOWN: an answer with this status, of which the jq expression CHECK is true; SHOWN says what of it.
expect() {
    if [[ $status == "$2" ]] && is "$3"; then ok "$1" "$(seen "$4")"; else no "$1"; fi
}

# A route that this stack does not have: the gateway itself answers, and it has no code of ours for that.
is_no_route() {
    [[ $status == 403 ]] && is '.code == "notSignedOrNoSuchRoute" or (.message // "" | test("Missing Authentication Token"))'
}

# As far as this script changes it: count, min, max and flags.
shape='.services[0] | {desiredCount} + (.steward.scalableTarget // {} | {minCapacity, maxCapacity, suspended})'
shown='"\(.desiredCount)" + if .minCapacity == null then "" else ", autoscaled from \(.minCapacity) to \(.maxCapacity)" end'

# ---- what must be made good again ----

touched=false held=false task='' before=null

# As it was? The service is read anew.
is_back() {
    ask GET "$one"
    [[ $status == 200 ]] && is --argjson before "$before" "($shape) == \$before"
}

# A start leaves scale-in asleep until a run of reconcile has seen the service whole.
wait_until_back() {
    local until=$((SECONDS + patience))
    until is_back; do
        ((SECONDS < until)) || return 1
        ask POST "$url/reconcile" "$(jq -nc --arg it "$service" '{services: [$it]}')"
        sleep 3
    done
}

clean_up() {
    local left=$?
    trap '' INT TERM
    set +e
    if [[ -n $task ]]; then
        ask POST "$url/tasks/$task/stop" '{"reason":"smoke test"}'
        [[ $status == 2* ]] || printf '! task %s still runs: %s %s\n' "$task" "$status" "$(seen "$told")"
    fi
    if $held; then
        ask DELETE "$one/override"
        [[ $status == 2* ]] || printf '! the hold on %s is still there, for five minutes at most: %s\n' "$service" "$(seen "$told")"
    fi
    if $touched; then
        printf '  %s is being brought back\n' "$service"
        ask POST "$one/start"
        local count
        count=$(jq .desiredCount <<<"$before")
        ask GET "$one"
        is --argjson n "$count" '.services[0].desiredCount == $n' || ask PUT "$one/scale" "{\"desiredCount\":$count}"
        if wait_until_back; then
            printf '  %s is as it was\n' "$service"
        else
            left=1
            printf '! %s is not as it was. Before: %s. Now: %s\n' "$service" "$before" "$(seen "$shape | tojson")"
        fi
    fi
    rm -rf "$work"
    exit "$left"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

printf 'On %s, %s\n\n' "$base" "$($signs && echo "signed for $region" || echo unsigned)"

# ---- looking ----

ask GET "/v1/clusters$(query 'query=clusters[*].clusterName')"
expect 'list clusters, by a query' 200 'type == "array"' 'join(", ")'
ask GET "$url"
expect 'describe a cluster' 200 '.services | type == "array"' '"\(.services | length) services, \(.tasks | length) tasks"'
ask GET "$one"
expect 'describe a service' 200 '.services | length == 1' "$shape | $shown"
if [[ $status != 200 ]] || ! is '.services[0] | .desiredCount > 0 and (.steward.record.state // "on") == "on"'; then
    printf '\n%s has to be up, and its record not to say that it is off or starting. Nothing was changed.\n' "$service"
    exit 1
fi
before=$(jq -c "$shape" "$answer")
family=$(jq -r '.services[0].taskDefinition | split("/")[-1] | split(":")[0]' "$answer")
has_override=$(jq '.services[0].steward.override != null' "$answer")
count=$(jq .desiredCount <<<"$before")

ask GET "$url/agenda$(query hours=48)"
expect 'the agenda' 200 '.agenda | type == "array"' '"\(.agenda | length) transitions in 48 hours" + (if .agenda == [] then "" else ", the next at \(.agenda[0].at)" end)'
ask GET "$url/wake"
expect 'what will not wake' 200 '.wake | type == "array"' '.summary'
ask GET "$url/savings$(query days=7)"
expect 'what is saved' 200 '.savings | type == "array"' '"\(.vcpuHours) vCPU hours in 7 days"'
ask POST /v1/schedules/preview '{"schedule":"Mon-Fri 08:00-20:00 Europe/Berlin","at":"2026-03-27T12:00:00Z","count":3}'
expect 'preview a schedule' 200 '.state == "on" and .transitions[1].at == "2026-03-30T08:00:00+02:00"' '.transitions | map("\(.to) \(.at)") | join(", ")'

# ---- refusals ----

ask POST /v1/schedules/preview '{"schedule":"Mon-Fri 08:00-25:00 Europe/Berlin"}'
expect '400: a schedule with a mistake' 400 '.code == "badRequest"' .detail
ask GET "$url/services/no-such-service-here"
expect '404: no such service' 404 '.code == "notFound"' .detail
ask PUT "$one/scale" '{"desiredCount":1000000,"dryRun":true}'
expect '422: beyond the maximum' 422 '.code == "beyondMax"' .detail
if $signs; then
    unsigned=true ask GET /v1/clusters
    if [[ $status == 403 ]]; then ok '403: without a signature' "$(seen '.title // .message')"; else no '403: without a signature'; fi
else
    not_here '403: without a signature' 'nothing is signed here'
fi

# ---- stop and start ----

ask POST "$one/stop$(query dryRun=true)"
expect 'a dry run of a stop' 200 '.dryRun and .items[0].outcome == "changed"' .summary
if is_back; then ok 'it changed nothing' "$(seen "$shape | $shown")"; else no 'it changed nothing'; fi

touched=true
ask POST "$one/stop" '{"reason":"smoke test"}'
expect 'stop it' 200 '.items[0].outcome == "changed"' .summary
# A night size leaves some.
night=$(jq '.items[0].after.desiredCount // 0' "$answer" 2>/dev/null || echo 0)
ask GET "$one"
if [[ $status == 200 ]] && is --argjson n "$night" '.services[0] | .desiredCount == $n and .steward.record.state == "off"'; then
    ok "see it at $night" "$(seen '.services[0].steward.record | "off since \(.at), comes back with \(.size.count)"')"
else
    no "see it at $night"
fi
ask POST "$one/stop" '{"reason":"smoke test"}'
expect 'stop it again: nothing to do' 200 '.items[0].outcome == "unchanged"' '.items[0].reason'
ask POST "$one/start" '{"reason":"smoke test"}'
expect 'start it' 200 '.items[0].outcome == "changed"' .summary
if wait_until_back; then
    ok 'see it as it was' "$(seen "$shape | $shown")"
    touched=false
else
    no 'see it as it was'
fi

# ---- scale ----

# One more; where its scalable target does not allow that, one less.
other=$((count + 1))
if is --argjson n "$other" "($shape | .maxCapacity // \$n) < \$n"; then other=$((count - 1)); fi
if ((other < 1)) || is --argjson n "$other" "($shape | .minCapacity // 0) > \$n"; then
    not_here 'scale it' "its bounds allow $count alone"
else
    touched=true
    ask PUT "$one/scale" "{\"desiredCount\":$other,\"reason\":\"smoke test\"}"
    expect "scale it to $other" 200 '.items[0].outcome == "changed"' .summary
    ask GET "$one"
    expect "see it at $other" 200 ".services[0].desiredCount == $other" "$shape | $shown"
    ask PUT "$one/scale" "{\"desiredCount\":$count,\"reason\":\"smoke test\"}"
    expect "scale it back to $count" 200 '.items[0].outcome == "changed"' .summary
    if wait_until_back; then touched=false; else no 'see it as it was'; fi
fi

# ---- an override ----

if $has_override; then
    not_here 'an override' 'it has one, which stays'
else
    held=true
    ask PUT "$one/override" '{"state":"hold","for":"PT5M","reason":"smoke test"}'
    if is '.code == "notSwitchedOn" or .code == "noSchedule"'; then
        held=false
        not_here 'an override' "$(seen .detail)"
    else
        expect 'put a hold on it' 200 '.items[0].outcome == "changed"' .summary
        ask GET "$one"
        expect 'see the hold' 200 '.services[0].steward.override.state == "hold"' '.services[0].steward.override | "until \(.until)"'
        ask DELETE "$one/override"
        expect 'take it back' 200 '.ok' .summary
        [[ $status != 200 ]] || held=false
    fi
fi

# ---- tasks ----

if ! $tasks; then
    not_here 'run a task' '--no-tasks'
else
    # Not without the means to stop it.
    ask POST "$url/tasks/00000000000000000000000000000000/stop" '{"reason":"smoke test"}'
    if is_no_route; then
        not_here 'run a task' 'stop-task is not deployed'
    else
        expect '404: stop no such task' 404 '.code == "notFound"' .detail
        ask POST "$url/tasks" "$(jq -nc --arg family "$family" --arg like "$service" --arg key "smoke-$(date +%s)-$$" \
            '{taskDefinition: $family, count: 1, like: $like, idempotencyKey: $key, reason: "smoke test"}')"
        if is_no_route; then
            not_here 'run a task' 'run-task is not deployed'
        elif is '.code == "notConfigured" or .code == "outsideScope" or .code == "readOnly"'; then
            not_here 'run a task' "$(seen .detail)"
        else
            task=$(jq -r '[.started[]? | .taskArn // .] | .[0] // "" | split("/")[-1]' "$answer" 2>/dev/null || true)
            expect 'run a task' 200 '.started | length == 1' .summary
        fi
        if [[ -n $task ]]; then
            ask GET "$url/tasks/$task"
            expect 'describe it' 200 '.tasks | length == 1' '.tasks[0] | "\(.lastStatus), started by \(.startedBy)"'
            ask POST "$url/tasks/$task/stop" '{"reason":"smoke test"}'
            expect 'stop it' 200 '.items[0].outcome == "changed"' .summary
            [[ $status != 200 ]] || task=''
        fi
    fi
fi

# ---- images ----

policy='{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":3650},"action":{"type":"expire"}}]}'
ask GET /v1/repositories
if is_no_route; then
    not_here 'images' 'prune-images is not deployed'
else
    expect 'list repositories' 200 '.repositories | type == "array"' '"\(.repositories | length)"'
    repository=$(jq -r '.repositories[0].repositoryName // ""' "$answer" 2>/dev/null || true)
    ask POST /v1/lifecycle/evaluate "$(jq -nc --argjson policy "$policy" '{$policy, at: "2026-11-24T00:00:00Z",
        images: [{tags: [], digest: ("sha256:" + "a" * 64), pushedAt: "2010-01-01T00:00:00Z"},
            {tags: [], digest: ("sha256:" + "b" * 64), pushedAt: "2026-11-23T00:00:00Z"}]}')"
    expect 'evaluate a lifecycle policy' 200 '.images | map(.verdict) == ["expire", "keep"]' .summary
    if [[ -z $repository ]]; then
        not_here 'a dry run of a pruning' 'there is no repository'
    else
        ask POST /v1/images/prune "$(jq -nc --argjson policy "$policy" --arg it "$repository" '{repositories: [$it], $policy, dryRun: true}')"
        expect "a dry run of a pruning of $repository" 200 .dryRun .summary
    fi
fi

printf '\n%d tried, %d failed; %d could not be tried here.\n' "$tried" "$failed" "$untried"
((failed == 0)) || exit 1
