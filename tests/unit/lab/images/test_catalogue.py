import json
from collections import Counter

from podnet.lab.images.catalogue import IMAGES, KUBERNETES, Recipe, api_list, recipe_of


def test_every_image_has_an_identifier_and_a_name_of_its_own():
    found = Counter((image.image_id, image.name) for image in IMAGES)

    assert len({image_id for image_id, _ in found}) == len({name for _, name in found}) == 7


def test_only_the_image_for_clusters_boots_the_root_with_kubernetes():
    recipes = {image.image_id: recipe_of(image.image_id) for image in IMAGES}

    assert [each for each in recipes if recipes[each] is Recipe.KUBERNETES] == [KUBERNETES.image_id]
    assert recipe_of("ami-1") is Recipe.DEBIAN


def test_the_api_offers_the_table():
    offered = {each["ami_id"]: each["name"] for each in json.loads(api_list())}

    assert offered == {image.image_id: image.name for image in IMAGES}
