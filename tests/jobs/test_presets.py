"""Every key of an engine in the site file reaches sbatch or the script, or is refused: none is dropped."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from smdtui import site as sites
from smdtui.jobs import slurm
from smdtui.jobs.batch import array_words
from smdtui.jobs.cost import cost
from smdtui.jobs.launch import prepare
from smdtui.jobs.rank_split import rank_split
from smdtui.site import Engine, SiteError

ROOT = Path(__file__).resolve().parents[2]
PLAIN = Engine(kind="slurm", ranks=5)
# key -> (value, what it must put into the sbatch line or the script)
REACHES = {
    "launcher": ("srun -n {ranks}", "srun -n 5"),
    "ranks": (9, "--ntasks=9"),
    "partition": ("milano", "--partition=milano"),
    "account": ("lcls:xpplv2318", "--account=lcls:xpplv2318"),
    "reservation": ("lcls:beam", "--reservation=lcls:beam"),
    "qos": ("normal", "--qos=normal"),
    "constraint": ("fast", "--constraint=fast"),
    "nodes": (2, "--nodes=2"),
    "ranks_per_node": (3, "--ntasks-per-node=3"),
    "exclusive": (True, "--exclusive"),
    "time": ("4:00:00", "--time=4:00:00"),
    "event_builders": (2, "export PS_EB_NODES=2"),
    "extra": ("--mem=0 --nodelist='n 1'", "--mem=0 '--nodelist=n 1'"),
}
# These are used otherwise, each in a test below.
OTHERWISE = {"kind", "reservation_from", "reservation_until", "concurrency"}


def words(bench, **changes):
    import shlex

    bench.site = replace(bench.site, engines={"slurm": replace(PLAIN, **changes)})
    prepared = prepare(bench.site, bench.request(ranks=0))
    return f"{shlex.join(prepared.sending)}\n{prepared.script}", " ".join(p.text() for p in prepared.problems)


def test_no_key_is_forgotten_here():
    assert {f.name for f in fields(Engine)} == set(REACHES) | OTHERWISE


def test_every_key_is_documented():
    text = (ROOT / "docs" / "slurm.md").read_text()
    assert [f.name for f in fields(Engine) if f"`{f.name}`" not in text] == []


@pytest.mark.parametrize("key", sorted(REACHES))
def test_each_key_reaches_sbatch_or_the_script(bench, key):
    value, expected = REACHES[key]
    without, _ = words(bench)
    given, _ = words(bench, **{key: value})
    assert expected not in without
    assert expected in given


def test_the_time_of_a_reservation_is_looked_at(bench):
    given = {"reservation": "beam", "reservation_from": "2999-01-01"}
    assert "the reservation beam begins on 2999-01-01" in words(bench, **given)[1]
    given = {"reservation": "beam", "reservation_until": "2020-01-01T08:00"}
    assert "the reservation beam ended on 2020-01-01 08:00" in words(bench, **given)[1]
    given = {"reservation": "beam", "reservation_from": "2020-01-01", "reservation_until": "2999-01-01"}
    assert "reservation" not in words(bench, **given)[1]


def test_the_number_at_a_time_goes_to_the_array(bench):
    bench.site = replace(bench.site, engines={"slurm": replace(PLAIN, concurrency=4, partition="milano")})
    line = array_words(bench.prepare(), Path("PLACE"), "NAME", 20)
    assert "--array=1-20%4" in line and "--partition=milano" in line and "--ntasks=1" in line


@pytest.mark.parametrize("key", sorted(set(REACHES) - {"launcher", "ranks"} | OTHERWISE - {"kind"}))
def test_a_local_engine_refuses_what_concerns_slurm(tmp_path, key):
    value = REACHES.get(key, ("2026-01-01" if "reservation" in key else 4,))[0]
    text = {str: lambda: f'"{value}"', bool: lambda: "true", int: lambda: str(value)}[type(value)]()
    (tmp_path / "site.toml").write_text(f'[engines.here]\nkind = "local"\n{key} = {text}\n')
    with pytest.raises(SiteError) as caught:
        sites.load(tmp_path / "site.toml")
    assert any("concerns Slurm only" in p.message and p.line == 3 for p in caught.value.problems)


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ("-p milano", "the engine has the key partition for it"),
        ("--part=milano", "the engine has the key partition for it"),
        ("-N2", "the engine has the key nodes for it"),
        ("--exclusive=user", "the engine has the key exclusive for it"),
        ("--outp=/tmp/x", "this program sets that option itself"),
        ("-n5", "this program sets that option itself"),
        ("-Mother", "jobs go to the cluster that SLURM_CONF means"),
        ("--cluster=other", "jobs go to the cluster that SLURM_CONF means"),
        ("--clusters=other", "jobs go to the cluster that SLURM_CONF means"),
        ("--nodelist n1", "'n1' in extra is no option; write each as one word"),
        ("other.sh", "'other.sh' in extra is no option"),
        ("--mem='4", "extra cannot be read as options"),
    ],
)
def test_further_options_say_nothing_twice_and_are_options(tmp_path, extra, said):
    (tmp_path / "site.toml").write_text(f'[engines.far]\nkind = "slurm"\nextra = "{extra}"\n')
    with pytest.raises(SiteError, match="extra") as caught:
        sites.load(tmp_path / "site.toml")
    assert said in caught.value.problems[0].message


def test_options_without_a_key_pass(tmp_path):
    extra = "--mem=0 --exclude=n1 --time-min=1:00 --dependency=afterok:1 -wn2 --export=ALL --cluster-c=x"
    (tmp_path / "site.toml").write_text(f'[engines.far]\nkind = "slurm"\nextra = "{extra}"\n')
    engine = sites.load(tmp_path / "site.toml").engines["far"]
    assert slurm.options(engine, 5)[1:] == extra.split()


def test_account_and_reservation_may_name_the_experiment(bench, tmp_path):
    text, _ = words(bench, account="lcls:{experiment}", reservation="lcls:{experiment}-b")
    assert "--account=lcls:xppfake" in text and "--reservation=lcls:xppfake-b" in text
    (tmp_path / "site.toml").write_text('[engines.far]\nkind = "slurm"\naccount = "lcls:{exp}"\n')
    with pytest.raises(SiteError, match="account may hold"):
        sites.load(tmp_path / "site.toml")


def test_the_ranks_are_divided_as_psana_does_and_it_is_shown(bench):
    split = rank_split(replace(PLAIN), 120)
    assert (split.readers, split.builders, split.workers) == (1, 3, 116)
    assert split.readers + split.builders + split.workers == 120
    assert split.words == "1 reads the small data, 3 build events, 116 analyse"
    assert "5 ranks: 1 reads the small data, 1 builds events, 3 analyse" in words(bench)[0]
    assert "export PS_EB_NODES=1" in words(bench)[0]
    assert rank_split(Engine(), 64).builders == 1 and rank_split(PLAIN, 1).words == ""
    assert "4 ranks are too few for 3 event builders: at least 5" in words(bench, ranks=4, event_builders=3)[1]


def test_the_site_files_that_come_along_say_what_they_cost():
    engine = sites.load(ROOT / "profiles" / "sites" / "s3df.toml").engines["milano"]
    assert engine.time and engine.account
    found = cost(engine, engine.ranks, 3)
    assert found.node_hours == 3 * engine.nodes * found.hours
