"""The role of the nodes, what it may do, and the profile that hands it to an instance."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from podnet.lab.providers.aws.base import Attempt, Resource
from podnet.lab.providers.aws.schema import Schema
from podnet.lab.providers.aws.session import gone_is_fine, tag_list
from podnet.lab.providers.protocol import Values

IN_USE = frozenset({"DeleteConflict"})


class Named(Resource):
    """A thing of IAM, whose name is its id."""

    word: str
    """The last word of the tagging calls."""

    def name_of(self, inputs: Values, attempt: Attempt) -> str:
        """The given name, or the one made up for this creation."""
        return str(inputs.get("name") or attempt.made_up_name)

    def get(self, id_: str) -> Values:
        """The answer of IAM; raises the API's error when it is gone."""
        raise NotImplementedError

    def fetch(self, id_: str) -> Values | None:
        """The answer of IAM; None when it is gone."""
        with gone_is_fine():
            return self.get(id_)
        return None

    def retag(self, id_: str, wanted: Mapping[str, str] | None, have: Mapping[str, str]) -> None:
        """Bring the tags that the program may see to what it wants."""
        name = {f"{''.join(part.title() for part in self.word.split('_'))}Name": id_}
        new = {key: value for key, value in (wanted or {}).items() if have.get(key) != value}
        if new:
            getattr(self.iam, f"tag_{self.word}")(**name, Tags=tag_list(new))
        if stale := have.keys() - (wanted or {}).keys():
            getattr(self.iam, f"untag_{self.word}")(**name, TagKeys=sorted(stale))

    def common(self, made: Values, id_key: str) -> Values:
        """The properties that all named resources have."""
        return {
            "arn": made["Arn"],
            "path": made["Path"],
            "uniqueId": made[id_key],
            "createDate": made["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tags": self.session.read_tags(made.get("Tags", [])),
        }


class Role(Named):
    """A role; its policies are attached by resources of their own."""

    type_ = "aws:iam/role:Role"
    word = "role"
    schema = Schema(
        required={"assumeRolePolicy"},
        optional={
            "name",
            "description",
            "path",
            "maxSessionDuration",
            "forceDetachPolicies",
            "tags",
        },
        defaults={"path": "/", "maxSessionDuration": 3600, "forceDetachPolicies": False},
        computed={"name"},
        replaced_by={"name", "path"},
        documents={"assumeRolePolicy"},
    )

    def create_call(self, inputs: Values, attempt: Attempt) -> str:
        name = self.name_of(inputs, attempt)
        self.iam.create_role(
            RoleName=name,
            Path=inputs["path"],
            Description=inputs.get("description", ""),
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            MaxSessionDuration=inputs["maxSessionDuration"],
            Tags=tag_list(inputs.get("tags")),
        )
        return name

    def get(self, id_: str) -> Values:
        role: Values = self.iam.get_role(RoleName=id_)["Role"]
        return role

    def describe(self, id_: str, known: Values) -> Values | None:
        del known
        role = self.fetch(id_)
        return role and {
            **self.common(role, "RoleId"),
            "name": role["RoleName"],
            "description": role.get("Description") or None,
            "maxSessionDuration": role["MaxSessionDuration"],
            "assumeRolePolicy": json.dumps(role["AssumeRolePolicyDocument"]),
            "managedPolicyArns": sorted(self._attached(id_)),
        }

    def reconcile(self, id_: str, inputs: Values, live: Values) -> None:
        policy = inputs["assumeRolePolicy"]
        if not self.same("assumeRolePolicy", live["assumeRolePolicy"], policy):
            self.iam.update_assume_role_policy(RoleName=id_, PolicyDocument=policy)
        words, longest = inputs.get("description"), inputs["maxSessionDuration"]
        if live["description"] != words:
            self.iam.update_role_description(RoleName=id_, Description=words or "")
        if live["maxSessionDuration"] != longest:
            # moto forgets the description that this call does not name.
            self.iam.update_role(RoleName=id_, Description=words or "", MaxSessionDuration=longest)
        self.retag(id_, inputs.get("tags"), live["tags"])

    def delete_call(self, id_: str, known: Values) -> None:
        for profile in self.session.all(
            self.iam, "list_instance_profiles_for_role", "InstanceProfiles", RoleName=id_
        ):
            self.iam.remove_role_from_instance_profile(
                InstanceProfileName=profile["InstanceProfileName"], RoleName=id_
            )
        if known.get("forceDetachPolicies"):
            for arn in self._attached(id_):
                self.iam.detach_role_policy(RoleName=id_, PolicyArn=arn)
            for name in self.session.all(
                self.iam, "list_role_policies", "PolicyNames", RoleName=id_
            ):
                self.iam.delete_role_policy(RoleName=id_, PolicyName=name)
        self.session.patiently(IN_USE, lambda: self.iam.delete_role(RoleName=id_))

    def _attached(self, id_: str) -> list[str]:
        return [
            one["PolicyArn"]
            for one in self.session.all(
                self.iam, "list_attached_role_policies", "AttachedPolicies", RoleName=id_
            )
        ]


class RolePolicyAttachment(Resource):
    """A managed policy attached to a role."""

    type_ = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    schema = Schema(
        required={"role", "policyArn"}, key={"role", "policyArn"}, replaced_by={"role", "policyArn"}
    )

    def create_call(self, inputs: Values, attempt: Attempt) -> str:
        del attempt  # attaching twice is attaching once
        self.iam.attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return _attachment(inputs)

    def imported(self, id_: str) -> Values:
        role, _, arn = id_.partition("/")
        return {"role": role, "policyArn": arn} if arn else {}

    def describe(self, id_: str, known: Values) -> Values | None:
        del id_
        wanted: dict[str, Any] = {"role": known["role"], "policyArn": known["policyArn"]}
        with gone_is_fine():
            attached = self.session.all(
                self.iam, "list_attached_role_policies", "AttachedPolicies", RoleName=wanted["role"]
            )
            if any(one["PolicyArn"] == wanted["policyArn"] for one in attached):
                return wanted
        return None

    def delete_call(self, id_: str, known: Values) -> None:
        del id_
        self.iam.detach_role_policy(RoleName=known["role"], PolicyArn=known["policyArn"])


class RolePolicy(Resource):
    """A policy written into a role, which goes with it."""

    type_ = "aws:iam/rolePolicy:RolePolicy"
    schema = Schema(
        required={"role", "policy"},
        optional={"name"},
        computed={"name"},
        replaced_by={"role", "name"},
        documents={"policy"},
    )

    def create_call(self, inputs: Values, attempt: Attempt) -> str:
        name = inputs.get("name") or attempt.made_up_name
        self.iam.put_role_policy(
            RoleName=inputs["role"], PolicyName=name, PolicyDocument=inputs["policy"]
        )
        return f"{inputs['role']}:{name}"

    def describe(self, id_: str, known: Values) -> Values | None:
        del known
        role, _, name = id_.partition(":")
        with gone_is_fine():
            found = self.iam.get_role_policy(RoleName=role, PolicyName=name)
            return {"role": role, "name": name, "policy": json.dumps(found["PolicyDocument"])}
        return None

    def reconcile(self, id_: str, inputs: Values, live: Values) -> None:
        if not self.same("policy", live["policy"], inputs["policy"]):
            role, _, name = id_.partition(":")
            self.iam.put_role_policy(
                RoleName=role, PolicyName=name, PolicyDocument=inputs["policy"]
            )

    def delete_call(self, id_: str, known: Values) -> None:
        del known
        role, _, name = id_.partition(":")
        self.iam.delete_role_policy(RoleName=role, PolicyName=name)


class InstanceProfile(Named):
    """The profile by which an instance acts as a role."""

    type_ = "aws:iam/instanceProfile:InstanceProfile"
    word = "instance_profile"
    schema = Schema(
        optional={"name", "path", "role", "tags"},
        defaults={"path": "/"},
        computed={"name"},
        replaced_by={"name", "path"},
    )

    def create_call(self, inputs: Values, attempt: Attempt) -> str:
        name = self.name_of(inputs, attempt)
        self.iam.create_instance_profile(
            InstanceProfileName=name,
            Path=inputs["path"],
            Tags=tag_list(inputs.get("tags")),
        )
        return name

    def get(self, id_: str) -> Values:
        profile: Values = self.iam.get_instance_profile(InstanceProfileName=id_)["InstanceProfile"]
        return profile

    def describe(self, id_: str, known: Values) -> Values | None:
        del known
        profile = self.fetch(id_)
        if profile is None:
            return None
        roles = [role["RoleName"] for role in profile["Roles"]]
        return {
            **self.common(profile, "InstanceProfileId"),
            "name": profile["InstanceProfileName"],
            "role": roles[0] if roles else None,
        }

    def reconcile(self, id_: str, inputs: Values, live: Values) -> None:
        wanted = inputs.get("role")
        if live["role"] != wanted:  # a profile holds one role at most
            self._clear(id_, live["role"])
            if wanted:
                self.iam.add_role_to_instance_profile(InstanceProfileName=id_, RoleName=wanted)
        self.retag(id_, inputs.get("tags"), live["tags"])

    def delete_call(self, id_: str, known: Values) -> None:
        live = self.describe(id_, known)
        self._clear(id_, live["role"] if live else None)
        self.session.patiently(
            IN_USE, lambda: self.iam.delete_instance_profile(InstanceProfileName=id_)
        )

    def _clear(self, id_: str, role: str | None) -> None:
        if role:
            with gone_is_fine():
                self.iam.remove_role_from_instance_profile(InstanceProfileName=id_, RoleName=role)


def _attachment(inputs: Values) -> str:
    return f"{inputs['role']}/{inputs['policyArn']}"
