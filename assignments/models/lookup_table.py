from typing import TYPE_CHECKING

from django.db import models

from assignments.models.text_fields import NamedModel, NameField

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from assignments.models.routing import RoutingRule


class LookupTable(NamedModel):
    """A table of territories or of expertise: values, and the members they lead to."""

    class Kind(models.TextChoices):
        TERRITORY = "territory", "Territory"
        EXPERTISE = "expertise", "Expertise"

    class Attribute(models.TextChoices):
        LOCATION = "location", "Location"
        TOP_LEVEL_DOMAIN = "top_level_domain", "Top-level domain of the e-mail"
        EMAIL_DOMAIN = "email_domain", "Domain of the e-mail"
        CAMPAIGN = "campaign", "Campaign"
        CATEGORY = "category", "Category"
        CLIENT = "client", "Client"
        CUSTOM = "custom", "Custom field"

    name = NameField(max_length=100, unique=True)
    kind = models.CharField(max_length=10, choices=Kind)
    attribute = models.CharField(
        max_length=20, choices=Attribute, verbose_name="looked up by"
    )
    custom_field = NameField(
        max_length=100, blank=True, help_text="Its name, as Smartlead has it."
    )

    if TYPE_CHECKING:
        lines: RelatedManager["LookupEntry"]
        rules: RelatedManager["RoutingRule"]

    class Meta:
        ordering = ("name",)
        constraints = [
            models.CheckConstraint(
                name="a_custom_mapping_names_its_field",
                condition=~models.Q(attribute="custom") | ~models.Q(custom_field=""),
                violation_error_message="Name the custom field.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class LookupEntry(models.Model):
    """A value and one member it leads to; several members of a value take turns."""

    mapping = models.ForeignKey(
        LookupTable, on_delete=models.CASCADE, related_name="lines"
    )
    value = NameField(max_length=200)
    # As it is compared: small letters, white space folded.
    key = models.CharField(max_length=200)
    member = models.ForeignKey("Member", on_delete=models.PROTECT, related_name="+")

    if TYPE_CHECKING:
        member_id: int

    class Meta:
        ordering = ("key", "id")
        constraints = [
            models.UniqueConstraint(
                name="a_value_leads_to_a_member_once",
                fields=["mapping", "key", "member"],
            )
        ]

    def __str__(self) -> str:
        return f"{self.value}: {self.member}"
