//! Configuration of `klamm serve`, from outside: `--check` prints what is in force, and errors name the place and the remedy.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{Command, Output},
};

const KLAMM: &str = env!("CARGO_BIN_EXE_klamm");

/// A file of configuration; the name is the test's.
fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.toml"));
    std::fs::write(&path, text).expect("a file");
    path
}

/// `klamm serve --check` with nothing in the environment but these variables.
fn check(file: Option<&PathBuf>, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(KLAMM);
    command.args(["serve", "--check"]).env_clear().envs(variables.iter().copied());
    if let Some(file) = file {
        command.arg("--config").arg(file);
    }
    command.output().expect("klamm runs")
}

/// What is in force: `section.key` and its value as TOML; properties with their own names.
fn effective(file: Option<&PathBuf>, variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    let output = check(file, variables);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    settings(&String::from_utf8_lossy(&output.stdout))
}

fn settings(text: &str) -> BTreeMap<String, String> {
    let mut section = "";
    let mut settings = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        match line.split_once(" = ") {
            Some((key, value)) => drop(settings.insert(format!("{section}.{}", key.trim_matches('"')), value.to_owned())),
            None => section = line.trim_matches(['[', ']']),
        }
    }
    settings
}

/// Exit code 2, and the error that was printed.
fn refused(file: Option<&PathBuf>, variables: &[(&str, &str)]) -> String {
    let output = check(file, variables);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.starts_with("error: ") && error.contains("hint: "), "{error}");
    error
}

/// A name and a password for SASL.
const PLAIN: [(&str, &str); 3] =
    [("KLAMM_KAFKA__SASL_MECHANISM", "PLAIN"), ("KLAMM_KAFKA__SASL_USERNAME", "u"), ("KLAMM_KAFKA__SASL_PASSWORD", "p")];
const BROKER: (&str, &str) = ("KLAMM_KAFKA__BOOTSTRAP_SERVERS", "kafka:9092");

#[test]
fn one_variable_is_enough() {
    let settings = effective(None, &[BROKER]);
    assert_eq!(settings["kafka.bootstrap_servers"], "\"kafka:9092\"");
    assert_eq!(settings["server.port"], "7233");
    assert_eq!(settings["server.http_port"], "8233");
}

#[test]
fn the_reference_lists_every_key_with_its_default() {
    let mut stands = BTreeMap::new();
    let mut section = "";
    for line in include_str!("../../../docs/configuration.md").lines() {
        if let Some(name) = line.strip_prefix("## `[") {
            section = name.trim_end_matches("]`");
        }
        let cells: Vec<&str> = line.split(" | ").collect();
        if let [key, default, ..] = cells[..]
            && let Some(key) = key.strip_prefix("| `")
        {
            stands.insert(format!("{section}.{}", key.trim_end_matches('`')), default.trim_matches(['`', ' ', '|']).to_owned());
        }
    }
    let file = file(
        "reference",
        "[namespaces.NAME]\noutcomes = true\nopenlineage = true\nrequests = true\ntasks.queues = [\"q\"]\npublish.topics = [\"t\"]\n",
    );
    let mut are = effective(Some(&file), &[BROKER]);
    for required in ["kafka.bootstrap_servers", "namespaces.\"NAME\".tasks.queues", "namespaces.\"NAME\".publish.topics"] {
        are.insert(required.to_owned(), String::new());
    }
    let are: BTreeMap<_, _> =
        are.into_iter().map(|(key, value)| (key.replace("\"NAME\"", "NAME"), value.trim_matches('"').to_owned())).collect();
    assert_eq!(stands, are);
}

#[test]
fn variables_win_over_the_file_and_take_their_types() {
    let file = file(
        "variables",
        "[server]\nport = 1\nhttp_port = 2\nnamespaces = [\"a\"]\n[kafka]\nbootstrap_servers = \"file:1\"\n[limits]\nblob_bytes = \"3MiB\"\n",
    );
    let settings = effective(
        Some(&file),
        &[
            ("KLAMM_SERVER__PORT", "7000"),
            ("KLAMM_SERVER__NAMESPACES", "shop, billing"),
            ("KLAMM_SERVER__RETENTION", "3d"),
            ("KLAMM_PROCESSOR__BATCH_INTERVAL", "1s"),
            ("KLAMM_LIMITS__MEMO_BYTES", "1MiB"),
            ("KLAMM_REGISTRY__URL", ""),
        ],
    );
    for (key, value) in [
        ("server.port", "7000"),
        ("server.http_port", "2"),
        ("server.namespaces", "[\"shop\", \"billing\"]"),
        ("server.retention", "\"72h\""),
        ("processor.batch_interval", "\"1s\""),
        ("limits.blob_bytes", "3145728"),
        ("limits.memo_bytes", "1048576"),
        ("kafka.bootstrap_servers", "\"file:1\""),
    ] {
        assert_eq!(settings[key], value, "{key}");
    }
}

#[test]
fn properties_pass_through_however_they_are_written() {
    for text in [
        "security_protocol = \"SSL\"",
        "\"security.protocol\" = \"SSL\"",
        "security.protocol = \"SSL\"",
        "[kafka.security]\nprotocol = \"SSL\"",
    ] {
        let file = file("spelling", &format!("[kafka]\nbootstrap.servers = [\"a:1\", \"b:2\"]\n{text}\n"));
        let settings = effective(Some(&file), &[]);
        assert_eq!(settings["kafka.security.protocol"], "\"SSL\"", "{text}");
        assert_eq!(settings["kafka.bootstrap_servers"], "\"a:1,b:2\"", "{text}");
        for variable in ["KLAMM_KAFKA__SECURITY_PROTOCOL", "KLAMM_KAFKA__SECURITY__PROTOCOL"] {
            // Kerberos, the default, is not built in.
            let settings = effective(Some(&file), &[&[(variable, "SASL_SSL")][..], &PLAIN[..]].concat());
            assert_eq!(settings["kafka.security.protocol"], "\"SASL_SSL\"", "{text} {variable}");
        }
    }
    let file = file("scalars", "[kafka]\nbootstrap_servers = \"a:1\"\nretry_backoff_ms = 5\nenable_ssl_certificate_verification = false\n");
    let settings = effective(Some(&file), &[]);
    assert_eq!(settings["kafka.retry.backoff.ms"], "\"5\"");
    assert_eq!(settings["kafka.enable.ssl.certificate.verification"], "\"false\"");
}

#[test]
fn secrets_are_not_shown() {
    let variables = [
        BROKER,
        ("KLAMM_KAFKA__SASL__PASSWORD", "hidden-1"),
        ("KLAMM_KAFKA__SSL_KEY_PEM", "hidden-2"),
        ("KLAMM_KAFKA__SSL_KEY_PASSWORD", "hidden-3"),
        ("KLAMM_REGISTRY__URL", "http://registry:8081"),
        ("KLAMM_REGISTRY__USERNAME", "klamm"),
        ("KLAMM_REGISTRY__PASSWORD", "hidden-4"),
    ];
    let settings = effective(None, &variables);
    assert_eq!(settings["kafka.sasl.password"], "\"***\"");
    assert_eq!(settings["registry.password"], "\"***\"");
    assert!(settings.values().all(|value| !value.contains("hidden")), "{settings:?}");
    // Not by an error about something else either.
    let mut variables = variables.to_vec();
    variables.push(("KLAMM_REGISTRY__TOKEN", "hidden-5"));
    assert!(!refused(None, &variables).contains("hidden"));
}

#[test]
fn what_is_shown_is_a_file_again() {
    let output = check(None, &[BROKER, ("KLAMM_KAFKA__SECURITY__PROTOCOL", "SSL"), ("KLAMM_SERVER__RETENTION", "90s")]);
    let text = String::from_utf8(output.stdout).expect("text");
    let file = file("again", &text);
    assert_eq!(effective(Some(&file), &[]), settings(&text));
}

#[test]
fn a_wrong_file_is_one_clear_error() {
    let broker = "[kafka]\nbootstrap_servers = \"a:1\"\n";
    for (name, text, says) in [
        ("toml", "[server\n", &["line 1"][..]),
        ("section", "[servr]\nport = 1\n", &["servr.port", "did you mean server.port?"]),
        ("key", "[server]\nprot = 1\n", &["server.prot", "did you mean server.port?"]),
        ("elsewhere", "[server]\npartitions = 8\n", &["server.partitions", "did you mean kafka.partitions?"]),
        ("slip", "[kafka]\nbootstrap_server = \"a:1\"\n", &["kafka.bootstrap_server", "did you mean kafka.bootstrap_servers?"]),
        ("type", "[server]\nport = \"many\"\n", &["server.port", "expected u16", "default is 7233"]),
        ("range", "[server]\nport = 70000\n", &["server.port", "70000"]),
        ("choice", "[kafka]\ntopics = \"make\"\n", &["kafka.topics", "create", "verify", "leave"]),
        ("time", "[server]\nretention = \"24\"\n", &["server.retention", "24h"]),
        ("size", "[limits]\nblob_bytes = \"2 heaps\"\n", &["limits.blob_bytes", "2097152"]),
        ("date", "[kafka]\nsome_time = 2026-01-01\n", &["kafka.some_time", "no text"]),
    ] {
        let error = refused(Some(&file(name, text)), &[]);
        assert!(error.contains(&format!("{name}.toml")), "{name}: {error}");
        assert!(says.iter().all(|part| error.contains(part)), "{name}: {error}");
    }
    for (name, text, says) in [
        ("missing", "", "kafka.bootstrap_servers: it is required"),
        ("power", "[kafka]\npartitions = 6\nbootstrap_servers = \"a:1\"\n", "6 is not a power of two"),
        ("prefix", "[kafka]\ntopic_prefix = \"a b\"\nbootstrap_servers = \"a:1\"\n", "kafka.topic_prefix"),
        ("replicas", "[kafka]\nreplication_factor = 0\nbootstrap_servers = \"a:1\"\n", "kafka.replication_factor"),
        ("ports", &format!("{broker}[server]\nport = 9\nhttp_port = 9\n"), "server.http_port"),
        ("address", &format!("{broker}[server]\nadvertised_address = \"klamm-1\"\n"), "is not host:port"),
        ("rate", &format!("{broker}[processor]\ntransactions_per_second = 0\n"), "processor.transactions_per_second"),
        ("streams", &format!("{broker}[connections]\nstreams_max = 0\n"), "connections.streams_max"),
        ("stall", &format!("{broker}[connections]\nstall_timeout = \"10ms\"\n"), "connections.stall_timeout"),
        ("inspect", &format!("{broker}[connections]\ninspect = \"all\"\n"), "connections.inspect"),
        ("command", &format!("{broker}[limits]\ncommand_bytes = \"6MiB\"\n"), "limits.command_bytes"),
        ("url", &format!("{broker}[registry]\nurl = \"registry\"\n"), "registry.url"),
        ("no-url", &format!("{broker}[registry]\nusername = \"me\"\n"), "registry.url"),
        ("url-password", &format!("{broker}[registry]\nurl = \"http://me:secret@registry\"\n"), "registry.username and registry.password"),
        ("half", &format!("{broker}[registry]\nurl = \"http://registry\"\nusername = \"me\"\n"), "set both"),
        ("certificate", &format!("{broker}[registry]\nurl = \"http://registry\"\nclient_key_file = \"k\"\n"), "set both"),
    ] {
        let error = refused(Some(&file(name, text)), &[]);
        assert!(error.contains(says), "{name}: {error}");
    }
    let error = refused(Some(&PathBuf::from("no/such/file.toml")), &[]);
    assert!(error.contains("no/such/file.toml") && error.contains("--config"), "{error}");
}

#[test]
fn what_the_start_refuses_is_refused_and_all_of_it_is_told_at_once() {
    let file_of = |name: &str, text: &str| file(name, text).to_str().expect("a path").to_owned();
    let (no_directory, no_certificate) = (file_of("no-directory", ""), file_of("no-certificate", "nothing"));
    for (name, value, says) in [
        ("KLAMM_KAFKA__ACKS", "1", "property acks is klamm's own"),
        ("KLAMM_KAFKA__FOO_BAR", "2", "foo.bar"),
        ("KLAMM_KAFKA__LINGER_MS", "soon", "linger.ms = soon"),
        ("KLAMM_KAFKA__SECURITY_PROTOCOL", "TLS", "security.protocol = TLS"),
        ("KLAMM_KAFKA__COMPRESSION_TYPE", "rar", "compression.type = rar"),
        ("KLAMM_SERVER__LOG_LEVEL", "loud", "\"loud\" is no level"),
        ("KLAMM_SERVER__LOG_LEVEL", "a=b=c", "server.log_level"),
        ("KLAMM_SERVER__DATA_DIR", &no_directory, "is no directory"),
    ] {
        let error = refused(None, &[BROKER, (name, value)]);
        assert!(error.contains(says), "{name}={value}: {error}");
    }
    let registry = [("KLAMM_REGISTRY__URL", "https://registry:1"), ("KLAMM_REGISTRY__CA_FILE", no_certificate.as_str())];
    assert!(refused(None, &[&[BROKER][..], &registry[..]].concat()).contains("it holds no certificate"));
    let tls = [("KLAMM_KAFKA__SECURITY_PROTOCOL", "SSL"), ("KLAMM_KAFKA__SSL_CA_LOCATION", no_certificate.as_str())];
    assert!(refused(None, &[&[BROKER][..], &tls[..]].concat()).contains("ssl.ca.location"));

    let several = [BROKER, ("KLAMM_KAFKA__ACKS", "1"), ("KLAMM_KAFKA__FOO_BAR", "2"), ("KLAMM_SERVER__DATA_DIR", no_directory.as_str())];
    let error = refused(None, &several);
    assert!(["acks", "foo.bar", "is no directory"].iter().all(|part| error.contains(part)), "{error}");
    assert_eq!(error.matches("hint: ").count(), 3, "{error}");
    let error = refused(None, &[("KLAMM_KAFKA__PARTITIONS", "6"), ("KLAMM_SERVER__LOG_LEVEL", "loud"), ("KLAMM_SERVER__PORT", "8233")]);
    assert!(["bootstrap_servers", "no level", "server.http_port"].iter().all(|part| error.contains(part)), "{error}");
}

#[test]
fn what_is_in_force_and_what_is_wrong_are_there_as_json() {
    let shown = |variables: &[(&str, &str)]| {
        let mut command = Command::new(KLAMM);
        let output = command.args(["serve", "--check", "--json"]).env_clear().envs(variables.iter().copied()).output().expect("klamm runs");
        let text = String::from_utf8(output.stdout).expect("text");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        (value, output.status.code())
    };
    let (value, code) = shown(&[BROKER, ("KLAMM_KAFKA__SASL_PASSWORD", "hidden"), ("KLAMM_KAFKA__LINGER_MS", "1")]);
    assert_eq!(code, Some(0), "{value}");
    let (config, problems) = (&value["config"], &value["problems"]);
    assert!(config["server"]["port"] == 7233 && config["kafka"]["linger.ms"] == "1", "{config}");
    assert!(config["kafka"]["sasl.password"] == "***" && !value.to_string().contains("hidden"), "{config}");
    assert_eq!(problems, &serde_json::json!([]));
    let (value, code) = shown(&[BROKER, ("KLAMM_KAFKA__ACKS", "1")]);
    assert!(code == Some(2) && value["problems"][0]["problem"].to_string().contains("acks"), "{value}");
    let (value, code) = shown(&[]);
    assert!(code == Some(2) && value["problems"][0]["hint"].to_string().contains("KLAMM_KAFKA__BOOTSTRAP_SERVERS"), "{value}");
}

#[test]
fn a_broker_and_a_registry_that_are_away_are_both_told() {
    let variables = [("KLAMM_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1"), ("KLAMM_REGISTRY__URL", "http://127.0.0.1:2")];
    let output = Command::new(KLAMM).args(["serve", "--check", "--connect"]).env_clear().envs(variables).output().expect("klamm runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("127.0.0.1:1") && error.contains("http://127.0.0.1:2 is away"), "{error}");
}

#[test]
fn a_wrong_variable_is_named_and_those_of_others_are_left_alone() {
    for (name, value, says) in [
        ("KLAMM_KAFKA_BOOTSTRAP_SERVERS", "a:1", "KLAMM_KAFKA__BOOTSTRAP_SERVERS"),
        ("KLAMM_SERVER__PROT", "1", "did you mean KLAMM_SERVER__PORT?"),
        ("KLAMM_SERVER__PORT", "many", "the variable KLAMM_SERVER__PORT"),
        ("KLAMM_KAFKA__TOPIC_PREFIXX", "a", "did you mean KLAMM_KAFKA__TOPIC_PREFIX?"),
        ("KLAMM_WHAT__EVER", "1", "there is no such setting"),
    ] {
        let error = refused(None, &[BROKER, (name, value)]);
        assert!(error.contains(name) && error.contains(says), "{name}: {error}");
    }
    // As Kubernetes sets them for services named klamm and klamm-server.
    effective(
        None,
        &[BROKER, ("KLAMM_PORT", "tcp://10.0.0.1:7233"), ("KLAMM_SERVER_PORT", "tcp://10.0.0.1:7233"), ("KLAMM_SERVICE_HOST", "10.0.0.1")],
    );
}

#[test]
fn examples_in_the_documentation_are_taken() {
    let pages = [include_str!("../../../docs/configuration.md"), include_str!("../../../docs/kafka.md")];
    let mut examples = 0;
    for example in pages.iter().flat_map(|page| page.split("```toml\n").skip(1)).filter_map(|rest| rest.split("```").next()) {
        // One shows the same key in four ways, which no file can hold at once.
        if example.matches("protocol = \"SSL\"").count() > 1 {
            continue;
        }
        // Passwords stand outside of the files, and nobody here has the certificates.
        let mut variables = vec![BROKER];
        for (section, password) in [("[registry]", "KLAMM_REGISTRY__PASSWORD"), ("[kafka.sasl]", "KLAMM_KAFKA__SASL__PASSWORD")] {
            variables.extend(example.contains(section).then_some((password, "p")));
        }
        let output = check(Some(&file("example", example)), &variables);
        let error = String::from_utf8_lossy(&output.stderr);
        let mut errors = error.lines().filter(|line| line.starts_with("error: "));
        assert!(errors.all(|line| line.contains("/etc/klamm/") || line.contains(".location")), "{example}: {error}");
        examples += 1;
    }
    assert!(examples >= 4, "{examples} examples");
}

#[test]
fn a_namespace_has_the_limits_of_all_but_for_its_own() {
    let text = "[limits]\nsignals = 7\nid_bytes = 90\n[namespaces.\"a.b\".limits]\nsignals = 3\nblob_bytes = \"1KiB\"\n";
    let file = file("namespaces", text);
    let settings = effective(Some(&file), &[BROKER, ("KLAMM_NAMESPACES__ORDERS__LIMITS__SIGNALS", "4")]);
    let of = |section: &str| -> Vec<String> {
        let in_section = settings.iter().filter(|(key, _)| key.starts_with(section));
        in_section.map(|(key, value)| format!("{key}={value}")).collect()
    };
    let own = ["namespaces.\"a.b\".limits.blob_bytes=1024", "namespaces.\"a.b\".limits.signals=3"];
    assert_eq!(of("namespaces.\"a.b\".limits."), own);
    assert_eq!(of("namespaces.\"orders\".limits."), ["namespaces.\"orders\".limits.signals=4"]);
    assert_eq!((settings["limits.signals"].as_str(), settings["limits.id_bytes"].as_str()), ("7", "90"));
    for (key, near) in [("signal", "signals"), ("message_bytes", "limits.message_bytes")] {
        let error = refused(Some(&self::file("slip", &format!("[namespaces.orders.limits]\n{key} = 5\n"))), &[BROKER]);
        assert!(error.contains(&format!("namespaces.orders.limits.{key} in ")) && error.contains(near), "{error}");
    }
    let error = refused(Some(&self::file("wrong", "[namespaces.orders.limits]\nsignals = \"many\"\n")), &[BROKER]);
    assert!(error.contains("namespaces.orders.limits.signals"), "{error}");
}

#[test]
fn a_namespaces_topics_are_switched_on_and_set() {
    let text = "[limits]\nsignals = 7\n[namespaces.\"a.b\".outcomes]\ntypes = [\"Order*\"]\ncleanup = \"compact\"\npartitions = 3\n\
                [namespaces.off]\noutcomes = true\n[namespaces.on]\nrequests = true\n";
    let file = file("topics", text);
    let variables = [
        BROKER,
        ("KLAMM_NAMESPACES__OFF__OUTCOMES", "false"),
        ("KLAMM_NAMESPACES__ON__OUTCOMES__TYPES", "A, B*"),
        ("KLAMM_NAMESPACES__ON__OPENLINEAGE__TYPES", "A"),
        ("KLAMM_NAMESPACES__ON__REQUESTS__RETENTION", "2d"),
        ("KLAMM_NAMESPACES__ON__TASKS__QUEUES", "a, b-*=json"),
        ("KLAMM_NAMESPACES__ON__TASKS__FORMAT", "avro"),
        ("KLAMM_NAMESPACES__ON__TASKS__SHARE", "a, b-*=billers"),
        ("KLAMM_NAMESPACES__ON__TASKS__SHARE_LOCK", "45s"),
        ("KLAMM_NAMESPACES__ON__PUBLISH__TOPICS", "a=shop.a, shop.b"),
    ];
    let settings = effective(Some(&file), &variables);
    let own: Vec<_> =
        settings.iter().filter(|(key, _)| key.starts_with("namespaces.")).map(|(key, value)| format!("{key}={value}")).collect();
    let expected = [
        r#"namespaces."a.b".outcomes.cleanup="compact""#,
        r#"namespaces."a.b".outcomes.partitions=3"#,
        r#"namespaces."a.b".outcomes.retention="168h""#,
        r#"namespaces."a.b".outcomes.types=["Order*"]"#,
        r#"namespaces."on".openlineage.dataset_namespace="""#,
        r#"namespaces."on".openlineage.job_namespace="""#,
        r#"namespaces."on".openlineage.partitions=0"#,
        r#"namespaces."on".openlineage.retention="168h""#,
        r#"namespaces."on".openlineage.types=["A"]"#,
        r#"namespaces."on".outcomes.cleanup="delete""#,
        r#"namespaces."on".outcomes.partitions=0"#,
        r#"namespaces."on".outcomes.retention="168h""#,
        r#"namespaces."on".outcomes.types=["A", "B*"]"#,
        r#"namespaces."on".publish.avro=[]"#,
        r#"namespaces."on".publish.topics=["a=shop.a", "shop.b"]"#,
        r#"namespaces."on".requests.partitions=0"#,
        r#"namespaces."on".requests.retention="48h""#,
        r#"namespaces."on".tasks.format="avro""#,
        r#"namespaces."on".tasks.partitions=0"#,
        r#"namespaces."on".tasks.queues=["a", "b-*=json"]"#,
        r#"namespaces."on".tasks.retention="168h""#,
        r#"namespaces."on".tasks.share=["a", "b-*=billers"]"#,
        r#"namespaces."on".tasks.share_deliveries=5"#,
        r#"namespaces."on".tasks.share_lock="45s""#,
    ];
    assert_eq!(own, expected, "and none of them has limits of its own");
    for (name, text, says) in [
        (
            "space",
            "[namespaces.\"a b\"]\noutcomes = true\n",
            "\"klamm.outcomes.a b\" is no name that Kafka takes for a topic: it has a ' '",
        ),
        ("long", &format!("[namespaces.{}]\nrequests = true\n", "n".repeat(240)), "longer than 249"),
        ("same", "[namespaces.\"a.b\"]\noutcomes = true\n[namespaces.a_b]\noutcomes = true\n", "'.' and '_' are the same to it"),
        ("type", "[namespaces.a.outcomes]\ntypes = [\"*a\"]\n", "\"*a\" names no workflow types"),
        ("told", "[namespaces.a.openlineage]\ntypes = [\"a*b\"]\n", "\"a*b\" names no workflow types"),
        ("kept", "[namespaces.a.requests]\nretention = \"1s\"\n", "namespaces.a.requests.retention"),
        ("many", "[namespaces.a.requests]\npartitions = 2000\n", "2000 partitions are more than 1024"),
        ("slip", "[namespaces.a.outcomes]\ntyps = []\n", "namespaces.NAME.outcomes.types"),
        ("none", "[namespaces.a]\ntasks = true\n", "namespaces.a.tasks.queues"),
        ("queue", "[namespaces.a.tasks]\nqueues = [\"x y\"]\n", "\"klamm.tasks.a.x y\" is no name"),
        ("twice", "[namespaces.a.tasks]\nqueues = [\"x\", \"x\"]\n", "another one of this namespace"),
        ("dots", "[namespaces.a.tasks]\nqueues = [\"x\", \"x.*\"]\n", "namespaces.a.tasks.queues: the pattern \"x.*\" has a '.'"),
        ("format", "[namespaces.a.tasks]\nqueues = [\"x=xml\"]\n", "namespaces.a.tasks.queues: \"x=xml\" names the format \"xml\""),
        ("formats", "[namespaces.a.tasks]\nqueues = [\"x\"]\nformat = \"xml\"\n", "namespaces.a.tasks.format"),
        ("stars", "[namespaces.a.tasks]\nqueues = [\"x**\"]\n", "two '*' in a row"),
        ("patterns", "[namespaces.a.tasks]\nqueues = [\"x-*\", \"x-*\"]\n", "is there twice"),
        ("far", &format!("[namespaces.a.tasks]\nqueues = [\"{}*\"]\n", "q".repeat(150)), "could have a topic"),
        ("nested", "[namespaces.a.tasks]\nqueues = [\"*\"]\n[namespaces.\"a.b\".tasks]\nqueues = [\"x\"]\n", "those of namespace \"a.b\""),
        ("short", "[namespaces.a.tasks]\nqueues = [\"x\"]\nretention = \"1s\"\n", "namespaces.a.tasks.retention"),
        (
            "shared",
            "[namespaces.a.tasks]\nqueues = [\"x\"]\nshare = [\"y\"]\n",
            "namespaces.a.tasks.share: tasks.queues does not declare \"y\"",
        ),
        ("group", "[namespaces.a.tasks]\nqueues = [\"x\"]\nshare = [\"x=\"]\n", "\"\" is no name of a group"),
        ("groups", "[namespaces.a.tasks]\nqueues = [\"x*\"]\nshare = [\"x*\"]\n", "the pattern \"x*\" needs a name for its group"),
        (
            "lock",
            "[namespaces.a.tasks]\nqueues = [\"x\"]\nshare_lock = \"2h\"\n",
            "namespaces.a.tasks.share_lock: 2h is no time for which Kafka locks a record: it takes 1s to 1h",
        ),
        (
            "once",
            "[namespaces.a.tasks]\nqueues = [\"x\"]\nshare_deliveries = 1\n",
            "namespaces.a.tasks.share_deliveries: 1 is no number of deliveries",
        ),
        (
            "differ",
            "[namespaces.a.tasks]\nqueues = [\"x\"]\nshare = [\"x=g\"]\n[namespaces.b.tasks]\nqueues = [\"x\"]\nshare = [\"x=g\"]\nshare_lock = \"20s\"\n",
            "the share group \"g\" has other settings",
        ),
        ("nowhere", "[namespaces.a]\npublish = true\n", "namespaces.a.publish.topics"),
        ("own", "[namespaces.a.publish]\ntopics = [\"x=klamm.history\"]\n", "klamm.history would be a topic of klamm's own"),
        ("again", "[namespaces.a.publish]\ntopics = [\"x=a\", \"x=b\"]\n", "\"x\" is there twice"),
        ("illegal", "[namespaces.a.publish]\ntopics = [\"x y\"]\n", "\"x y\" is no name"),
        ("no-such", "[namespaces.a.publish]\ntopics = [\"x\"]\navro = [\"y\"]\n", "there is no destination \"y\""),
        ("subjects", "[namespaces.a.publish]\ntopics = [\"x\"]\navro = [\"x\", \"x=s\"]\n", "\"x\" has no subject, or several"),
        ("registry", "[namespaces.a.publish]\ntopics = [\"x\"]\navro = [\"x\"]\n", "no schema registry is configured"),
        ("kind", "[namespaces.a]\noutcomes = \"yes\"\n", "namespaces.a.outcomes"),
    ] {
        let error = refused(Some(&self::file(&format!("topics-{name}"), text)), &[BROKER]);
        assert!(error.contains(says), "{name}: {error}");
    }
}

#[test]
fn settings_of_the_containers_are_taken() {
    let lines = [include_str!("../../../docker-compose.yml"), include_str!("../../../Dockerfile")].into_iter().flat_map(str::lines);
    let variables: Vec<_> = lines
        .filter_map(|line| line.trim().trim_start_matches("ENV ").trim_end_matches(" \\").split_once([':', '=']))
        .filter(|(name, _)| name.starts_with("KLAMM_"))
        .map(|(name, value)| (name, value.trim().trim_matches('"')))
        .collect();
    assert!(variables.len() >= 3, "{variables:?}");
    let settings = effective(None, &variables);
    assert_eq!(settings["server.ip"], "\"0.0.0.0\"");
    assert_eq!(settings["kafka.bootstrap_servers"], "\"kafka:9092\"");
}
